'use strict';
/*
 * Try what changes a failing test's end: one value, condition or statement of a Node program at a time.
 *
 * The program's sources have probes (javascript_probes.py). Where one of the workspace's own files is what Node
 * is to run, or mocha, jest or vitest, this file runs it in its place, again and again in the same process, its modules
 * loaded anew: once to record what the probes see, or once for each line of `experiments` (SITE:CHANGE). What came
 * of them is written to `out`. Like its neighbours it is copied into the sandbox and uses Node's own modules only.
 */
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { Worker, isMainThread } = require('node:worker_threads');
const { takeOverJest } = require('./node_jest.js');
const { takeOverMocha } = require('./node_mocha.js');
const { tsxIn, useTsx } = require('./node_tsx.js');

const ROOT = path.join(fs.realpathSync(fs.readFileSync(path.join(__dirname, 'root'), 'utf8').replace(/\n$/, '')), path.sep);
const PLAN = JSON.parse(fs.readFileSync(path.join(__dirname, 'experiments.json'), 'utf8'));
const MOST_TIMES = 10; // what all tests take, for one experiment
const MOST_FAILING = 8;
const MOST_PASSING = 40;
const SCRIPT = { fullName: '' }; // the whole program, where it defines no tests
const ask = '__seedsmith_experiment__';
const watched = new Int32Array(new SharedArrayBuffer(4)); // counts experiments; 0 while there is nothing to watch
const exit = process.exit;
const { runMain } = Module;

const DETECTS = Number.parseInt(process.versions.node, 10) >= 22; // whether Node tells a module by its text

const VITEST = /[\\/]vitest[\\/]vitest\.mjs$/;
const NOW = path.join(__dirname, 'now'); // what is asked for, told to vitest's threads, a new one for each run

let stopped = null; // ends the program that runs now
let loads = 0;
let asked = '';

if (isMainThread) {
  Module.runMain = (main) => {
    const file = realOf(main);
    if (VITEST.test(file)) return void experimentOnVitest(file);
    return isOwn(file) ? void experimentOnMain(main) : runMain(main);
  };
  takeOverMocha(forget, (again) => void experimentOn('mocha', (wanted) => again(wanted).catch(() => new Map())));
  takeOverJest((again) => {
    const run = byNames(again);
    void compiled(run).then(() => experimentOn('jest', run));
  });
} else if (fs.existsSync(NOW)) {
  askFor(fs.readFileSync(NOW, 'utf8'), appending('vitest'));
}

function realOf(main) {
  try {
    return fs.realpathSync(main);
  } catch {
    return '';
  }
}

function isOwn(file) {
  return file.startsWith(ROOT) && !file.includes(`${path.sep}node_modules${path.sep}`);
}

/** What runs jest's tests by name; the files that hold none of them are left out. */
function byNames(again) {
  const files = new Map();
  return async (wanted) => {
    const some = wanted && wanted.length ? wanted : null;
    const ended = new Map();
    for (const { file, names, error } of await again(some && [...new Set(some.map((name) => files.get(name)))], some)) {
      files.set(names.join(' > '), file);
      ended.set(names.join(' > '), error);
    }
    return ended;
  };
}

/** Have all compiled, so that how long a run takes is seen; what only records has no hurry. */
async function compiled(run) {
  if (!PLAN.record) await run(null);
}

async function experimentOnVitest(main) {
  const { openVitest } = await import(pathToFileURL(path.join(__dirname, 'node_vitest.mjs')));
  const { again } = await openVitest(main, process.argv.slice(2), true);
  const named = byNames(again);
  const run = (wanted) => {
    fs.writeFileSync(NOW, asked);
    return named(wanted);
  };
  await compiled(run);
  await experimentOn('vitest', run);
}

async function experimentOnMain(main) {
  const shim = require('./node_test.cjs');
  globalThis.__seedsmith_node_test__ = shim;
  const load = Module._load;
  Module._load = (request, ...more) => (request === 'node:test' ? shim : load(request, ...more));
  for (const event of ['uncaughtException', 'unhandledRejection']) process.on(event, (error) => stopped && stopped(error));
  process.on('beforeExit', () => stopped && setImmediate(stopped, null)); // which keeps Node going
  process.exit = (code) => {
    const ended = code || process.exitCode ? new Error(`exit ${code || process.exitCode}`) : null;
    if (stopped) stopped(ended);
    throw ended || new Error('exit');
  };
  const { tsx } = tsxIn(process.execArgv);
  if (tsx) await useTsx(tsx);
  await experimentOn(main.slice(ROOT.length), (wanted) => runAll(main, wanted));
}

/** Experiment on the program that `run` runs: it gives how each test ended, only those it is given, if any. */
async function experimentOn(program, run) {
  const say = appending(program);
  process.stdout.write = process.stderr.write = () => true;
  try {
    const began = Date.now();
    const usual = await run(null);
    const patience = Math.max(1000 * (PLAN.patience || 0), MOST_TIMES * (Date.now() - began));
    const failing = [...usual].filter(([, end]) => end).map(([name]) => name);
    if (failing.length && PLAN.record) await record(run, say);
    else if (failing.length) await tryAll(run, usual, failing, { out: (kind) => outOf(program, kind), say, patience });
  } finally {
    exit(1);
  }
}

function outOf(program, kind) {
  return path.join(__dirname, 'out', `${encodeURIComponent(program)}.${kind}`);
}

function appending(program) {
  return (kind, what) => fs.appendFileSync(outOf(program, kind), `${what}\n`);
}

/** Have the probes note what they see, or one of them change it: `record`, or SITE:CHANGE. */
function askFor(what, say) {
  asked = what;
  const [site, change] = what.split(/:(.*)/);
  if (what) globalThis[ask] = what === 'record' ? recorder((seen) => say('record', seen)) : changer(Number(site), change);
}

async function record(run, say) {
  askFor('record', say);
  await run(PLAN.failing);
}

function recorder(say) {
  const seen = new Set();
  const once = (what) => seen.has(what) || (seen.add(what), say(what));
  return (site, value, names) => {
    const kind = kindOf(value);
    once(`${site} ${kind}`);
    for (const name in names || {}) {
      try {
        const other = names[name]();
        if (other !== value && kindOf(other) === kind) once(`${site} =${name}`);
      } catch {
        // it has no value yet
      }
    }
    return value;
  };
}

async function tryAll(run, usual, failing, { out, say, patience }) {
  const done = new Set(fs.existsSync(out('ended')) ? fs.readFileSync(out('ended'), 'utf8').split('\n').map((line) => line.split(' ')[0]) : []);
  const chosen = failing.filter((name) => !PLAN.failing.length || PLAN.failing.includes(name)).slice(0, MOST_FAILING);
  const passing = [...usual].filter(([, end]) => !end).map(([name]) => name).slice(0, MOST_PASSING);
  if (!chosen.length) return;
  const names = PLAN.experiments.filter((each) => !done.has(each));
  watchOver(out('ended'), names, patience);
  const end = Date.now() + PLAN.seconds * 1000;
  for (const [number, name] of names.entries()) {
    if (Date.now() > end) break;
    Atomics.store(watched, 0, number + 1);
    askFor(name, say);
    const ended = await run(chosen);
    const now = chosen.map((each) => (ended.has(each) ? ended.get(each) : 'missing'));
    const cured = now.filter((end) => !end).length / chosen.length;
    const changed = now.filter((end, index) => end !== usual.get(chosen[index])).length / chosen.length;
    let broken = 0;
    if (cured && passing.length) {
      const others = await run(passing);
      broken = passing.filter((each) => !others.has(each) || others.get(each)).length / passing.length;
    }
    say('ended', `${name} ${cured} ${changed} ${broken}`);
  }
}

/** A thread that ends this process where an experiment hangs, and writes that down. */
function watchOver(file, names, patience) {
  const watch = () => {
    const { workerData } = require('node:worker_threads');
    let last = 0;
    let since = Date.now();
    setInterval(() => {
      const now = Atomics.load(workerData.watched, 0);
      if (now !== last) [last, since] = [now, Date.now()];
      if (Date.now() - since < workerData.patience) return;
      require('node:fs').appendFileSync(workerData.file, `${workerData.names[last - 1]} 0 0 1 hung\n`);
      process.kill(process.pid, 'SIGKILL');
    }, 50);
  };
  const options = { eval: true, execArgv: [], env: {}, workerData: { watched, file, names, patience } };
  new Worker(`(${watch})()`, options).unref();
}

/** How each test of the program ends: '' or what it says of its failure; only those in `wanted`, if given. */
async function runAll(main, wanted) {
  const shim = require('./node_test.cjs').seedsmith;
  shim.reset();
  process.exitCode = undefined;
  const ended = new Map([[SCRIPT.fullName, await outcome(() => load(main))]]);
  const tests = shim.all();
  if (!tests.length) return ended;
  ended.clear();
  for (const each of tests) {
    if (!wanted || !wanted.length || wanted.includes(each.fullName)) {
      ended.set(each.fullName, await outcome(() => shim.run(each), true));
    }
  }
  return ended;
}

/** What `work` ends with; a program, unlike a test, has ended when nothing is left to wait for. */
function outcome(work, isTest) {
  return new Promise((resolve) => {
    const end = (error) => {
      if (stopped === drained) stopped = null;
      resolve(error ? String(error.message || error) : process.exitCode ? `exit ${process.exitCode}` : '');
    };
    const drained = (error) => end(error || (isTest ? new Error('It does not end.') : null));
    stopped = drained;
    Promise.resolve()
      .then(work)
      .then(() => isTest && end(null), (error) => end(error || new Error('failed')));
  });
}

/** Run the program from its beginning; a module is known by its address, so each time it gets another one. */
async function load(main) {
  forget();
  loads += 1;
  if (isModule(main)) await import(`${pathToFileURL(main)}?load=${loads}`);
  else Module._load(main, null, true);
}

function forget() {
  for (const file of Object.keys(require.cache)) if (isOwn(file)) delete require.cache[file];
}

function isModule(main) {
  if (/\.[mc][jt]s$/.test(main)) return /\.m.s$/.test(main);
  for (let folder = path.dirname(main); folder.length >= ROOT.length - 1; folder = path.dirname(folder)) {
    const file = path.join(folder, 'package.json');
    const { type } = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {};
    if (type) return type === 'module';
  }
  return DETECTS && !tsxIn(process.execArgv).tsx && /^(?:import|export)\b/m.test(fs.readFileSync(main, 'utf8'));
}

function changer(chosen, change) {
  return (site, value, names) => {
    if (site !== chosen) return value;
    if (change === 'not') return !value;
    if (change[0] === '=') return names[change.slice(1)]();
    if (change === 'copy') return copied(value);
    if (change === 'empty') return emptied(value);
    if (typeof value !== 'number') return value;
    if (change === 'neg') return -value;
    return change === '0' || change === '1' ? Number(change) : value + Number(change);
  };
}

function kindOf(value) {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value !== 'object') return typeof value;
  return isMap(value) || isSet(value) || isPlain(value) ? 'object' : 'other';
}

// jest's tests have such classes of their own, so that nothing is an instance of ours
const tag = (value) => Object.prototype.toString.call(value);
const isMap = (value) => tag(value) === '[object Map]';
const isSet = (value) => tag(value) === '[object Set]';

function isPlain(value) {
  const above = Object.getPrototypeOf(value);
  return above !== null && Object.getPrototypeOf(above) === null && tag(value) === '[object Object]';
}

function copied(value) {
  try {
    return copiedWhole(value);
  } catch {
    return Array.isArray(value) ? [...value] : { ...value };
  }
}

function copiedWhole(value) {
  const kind = kindOf(value);
  if (kind === 'array') return value.map(copiedWhole);
  if (kind !== 'object') return value;
  if (isMap(value)) return new value.constructor([...value].map(([key, each]) => [key, copiedWhole(each)]));
  if (isSet(value)) return new value.constructor([...value].map(copiedWhole));
  const copy = Object.create(Object.getPrototypeOf(value));
  for (const key of Object.keys(value)) copy[key] = copiedWhole(value[key]);
  return copy;
}

function emptied(value) {
  if (typeof value === 'string') return '';
  if (Array.isArray(value)) return value.slice(0, 0);
  if (isMap(value) || isSet(value)) return new value.constructor();
  return Object.create(Object.getPrototypeOf(value));
}
