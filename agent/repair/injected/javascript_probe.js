function __seedsmith_probe__(site, value, names) {
  const asked = globalThis.__seedsmith_experiment__;
  return asked ? asked(site, value, names) : value;
}
