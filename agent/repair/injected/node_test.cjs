'use strict';
/*
 * Stands for node:test in the tests of a program that is experimented on: it only notes what they define, and
 * runs them again as often as it is asked to.
 */
const assert = require('node:assert');
const real = require('node:test');

let root = null;
let open = null; // the suite whose body runs

/** A suite of tests; `suites` are those within it. */
function suite(name, parent) {
  return { name, parent, tests: [], suites: [], before: [], after: [], beforeEach: [], afterEach: [], ready: null };
}

function reset() {
  root = suite('', null);
  open = root;
}

function parts(given) {
  const found = { name: '', options: {}, body: () => {} };
  for (const each of given) {
    if (typeof each === 'string') found.name = each;
    else if (typeof each === 'function') found.body = each;
    else if (each && typeof each === 'object') found.options = each;
  }
  found.name = found.name || found.body.name || '<anonymous>';
  return found;
}

function test(...given) {
  const { name, options, body } = parts(given);
  if (!options.skip && !options.todo) open.tests.push({ name, body, suite: open });
  return Promise.resolve();
}

function describe(...given) {
  const { name, options, body } = parts(given);
  if (options.skip || options.todo) return Promise.resolve();
  const outer = open;
  open = suite(name, outer);
  outer.suites.push(open);
  try {
    body({ name });
  } finally {
    open = outer;
  }
  return Promise.resolve();
}

for (const each of [test, describe]) {
  each.skip = each.todo = () => Promise.resolve();
  each.only = each;
}
const hook = (kind) => (body) => void open[kind].push(body);
Object.assign(test, { test, it: test, describe, suite: describe, mock: real.mock });
Object.assign(test, Object.fromEntries(['before', 'after', 'beforeEach', 'afterEach'].map((k) => [k, hook(k)])));

/** All tests in their order, with the names that node:test gives them. */
function all(within = root, prefix = '') {
  const found = within.tests.map((each) => ({ ...each, fullName: prefix + each.name }));
  for (const each of within.suites) found.push(...all(each, `${prefix}${each.name} > `));
  return found;
}

function around(within) {
  return within ? [...around(within.parent), within] : [];
}

function call(body, context) {
  if (body.length < 2) return body(context);
  return new Promise((resolve, reject) => body(context, (error) => (error ? reject(error) : resolve())));
}

/** Runs one test with all hooks around it; rejects where it fails. */
async function run(each) {
  const suites = around(each.suite);
  const later = [];
  const context = {
    name: each.name,
    fullName: each.fullName,
    assert,
    mock: real.mock,
    diagnostic() {},
    skip() {},
    todo() {},
    plan() {},
    before: (body) => body(),
    after: (body) => void later.push(body),
    beforeEach() {},
    afterEach() {},
    signal: new AbortController().signal,
    test: async (...given) => call(parts(given).body, context),
  };
  try {
    for (const one of suites) {
      if (!one.ready) one.ready = (async () => { for (const body of one.before) await call(body, context); })();
      await one.ready;
    }
    for (const one of suites) for (const body of one.beforeEach) await call(body, context);
    await call(each.body, context);
  } finally {
    for (const one of suites.reverse()) for (const body of one.afterEach) await call(body, context);
    for (const body of later) await call(body, context);
    real.mock.reset();
  }
}

reset();
module.exports = test;
test.seedsmith = { reset, all, run };
