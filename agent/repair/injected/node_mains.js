'use strict';
/*
 * Write down which of the workspace's own programs a command has Node run, or which runner of tests, and with what.
 *
 * Like its neighbours this file is copied into the sandbox and uses Node's own modules only.
 */
const fs = require('node:fs');
const path = require('node:path');
const { isMainThread } = require('node:worker_threads');

const RUNNERS = {
  jest: /[\\/]jest(?:-cli)?[\\/]bin[\\/]jest\.js$/,
  mocha: /[\\/]mocha[\\/]bin[\\/]_?mocha(?:\.js)?$/,
  'mocha of its own': /[\\/]mocha[\\/]lib[\\/]cli[\\/]cli\.js$/, // which mocha starts where Node gets options
  vitest: /[\\/]vitest[\\/]vitest\.mjs$/,
};

const KEPT = /^(?:--import|--require|-r|--loader|--experimental-loader|--conditions|-C)(?:=|$)/;

/** What a thread may be given of the options of this process; Node 24's test runner gives each file all there are. */
function options() {
  if (!process.env.NODE_TEST_CONTEXT) return process.execArgv;
  const isValue = (before) => KEPT.test(before) && !before.includes('=');
  const given = process.execArgv.filter((each) => !each.includes('seedsmith_watch.js'));
  return given.filter((each, at) => KEPT.test(each) || isValue(given[at - 1] || ''));
}

/** The file that Node is to run, where it is the workspace's own or a runner that can be run again. */
function own() {
  if (!isMainThread || !process.argv[1] || process.execArgv.some((each) => /^(--test$|-e$|-p$|--eval|--print)/.test(each))) return null;
  const root = fs.realpathSync(fs.readFileSync(path.join(__dirname, 'root'), 'utf8').replace(/\n$/, ''));
  const file = fs.realpathSync(process.argv[1]);
  const inside = file.startsWith(root + path.sep) && !file.includes(`${path.sep}node_modules${path.sep}`);
  return inside || runnerOf(file) ? file : null;
}

function runnerOf(file) {
  return Object.keys(RUNNERS).find((name) => RUNNERS[name].test(file)) || '';
}

try {
  const file = own();
  if (file) {
    const env = { ...process.env };
    delete env.NODE_TEST_CONTEXT;
    env.NODE_OPTIONS = (env.NODE_OPTIONS || '').replace(/\S*seedsmith_watch\.js\S*/g, '').trim();
    const main = { file, argv: process.argv.slice(2), execArgv: options(), env, folder: process.cwd(), runner: runnerOf(file) };
    fs.writeFileSync(path.join(__dirname, 'out', `${process.pid}.main`), JSON.stringify(main));
  }
} catch {
  // what can't be noted is not run here
}
