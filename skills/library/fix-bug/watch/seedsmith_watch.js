'use strict';
/*
 * Watch a test run from inside: which workspace lines each test ran, and how it failed.
 *
 * This file is copied into the sandbox and required first by the project's Node (NODE_OPTIONS), so it
 * uses Node's own modules and its neighbours only. Watched are node:test, mocha, jest and vitest. As with its
 * Python neighbour, `root` and `out` lie next to it, and each process writes JSON reports. Where anything is not
 * as expected it stays silent: the run must go on as if it were not there.
 */
const fs = require('node:fs');
const path = require('node:path');
const { whenLoaded, MOCHA, JEST_ADAPTER } = require('./seedsmith_runners.js');

const main = process.argv[1] || '';
const adapters = new Set(); // those that are watched already

function usesNodeTest(file) {
  try {
    const { relative } = require('./seedsmith_lines.js');
    return relative(file) !== null && /['"](?:node:)?test['"]/.test(fs.readFileSync(file, 'utf8'));
  } catch {
    return false;
  }
}

function counting() {
  return require('./seedsmith_lines.js').counting();
}

if (path.isAbsolute(main) && usesNodeTest(main)) watchNodeTest();
whenLoaded(MOCHA, watchMocha);
whenLoaded(JEST_ADAPTER, watchJest);
if (/[\\/](?:vitest|tinypool)[\\/]/.test(main)) watchVitest();

function watchNodeTest() {
  const runner = require('node:test');
  const counter = counting();
  runner.beforeEach(() => counter.begin());
  runner.afterEach((test) => {
    const error = test.error && (test.error.cause instanceof Error ? test.error.cause : test.error);
    counter.end(test.fullName || test.name, error || (test.passed === false ? new Error('failed') : null));
  });
}

/** Mocha begins in its own time, so that its runner can be listened to as soon as it is given. */
function watchMocha(Mocha) {
  const { run } = Mocha.prototype;
  Mocha.prototype.run = function watched(...given) {
    const counter = counting();
    const name = (test) => (test.titlePath ? test.titlePath().join(' > ') : test.fullTitle());
    return run
      .apply(this, given)
      .on('test', () => counter.begin())
      .on('pass', (test) => counter.end(name(test), null))
      .on('fail', (test, error) => counter.end(name(test), error || new Error('failed')))
      .on('end', () => counter.write());
  };
}

/** The adapter runs one file of tests; its environment is told how each of them goes. */
function watchJest(loaded) {
  const adapter = loaded.default || loaded;
  if (adapters.has(adapter)) return loaded;
  const watched = async (globalConfig, config, environment, ...more) => {
    const counter = counting();
    const handle = environment.handleTestEvent;
    environment.handleTestEvent = (event, state) => {
      if (event.name === 'run_start') counter.begin();
      if (event.name === 'test_done') counter.end(jestName(event.test), jestError(event.test));
      return handle ? handle.call(environment, event, state) : undefined;
    };
    try {
      return await adapter(globalConfig, config, environment, ...more);
    } finally {
      counter.write();
    }
  };
  adapters.add(watched);
  return loaded.default ? { ...loaded, __esModule: true, default: watched } : watched;
}

function jestName(test) {
  const names = [test.name];
  for (let block = test.parent; block && block.parent; block = block.parent) names.unshift(block.name);
  return names.join(' > ');
}

function jestError(test) {
  const [first] = test.errors;
  const error = Array.isArray(first) ? first[0] || first[1] : first;
  return test.errors.length ? error || new Error('failed') : null;
}

/** Vitest's workers keep what they run in `current` of an object that they define globally. */
function watchVitest() {
  const { defineProperty } = Object;
  Object.defineProperty = (target, name, given) => {
    if (name === '__vitest_worker__' && given.value) follow(given.value);
    return defineProperty(target, name, given);
  };
  const follow = (state) => {
    let { current } = state;
    defineProperty(state, 'current', {
      configurable: true,
      enumerable: true,
      get: () => current,
      set(task) {
        const before = current;
        current = task;
        if (before === task) return;
        if (before && before.type === 'test') endOfVitest(before);
        if (task && task.type === 'test') counting().begin();
        if (!task) counting().write();
      },
    });
  };
}

function endOfVitest(test) {
  const { state, errors } = test.result || {};
  if (state !== 'pass' && state !== 'fail') return;
  const names = [test.name];
  for (let suite = test.suite; suite && !suite.filepath; suite = suite.suite) names.unshift(suite.name);
  const error = (errors && errors[0]) || new Error('failed');
  counting().end(names.filter(Boolean).join(' > '), state === 'fail' ? error : null);
}
