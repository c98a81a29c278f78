'use strict';
/*
 * Has jest run its tests again and again in its own process, each file loaded anew in a context of its own.
 */
const { whenLoaded, JEST_ADAPTER, JEST_RUNNER } = require('./seedsmith_runners.js');

const ask = '__seedsmith_experiment__';

/** Call `found` instead of jest's first run, with what runs tests (in `files`, by the names in `wanted`, or all) and all files. */
function takeOverJest(found) {
  whenLoaded(JEST_RUNNER, (loaded) => {
    const Runner = loaded.default || loaded;
    const { runTests } = Runner.prototype;
    if (!Runner.prototype.on) return;
    Runner.prototype.runTests = function takenOver(tests) {
      Runner.prototype.runTests = runTests;
      const again = (files, wanted) => runAgain(Runner, this, within(tests, files), wanted);
      return new Promise(() => found(again, tests.map((test) => test.path)));
    };
  });
  whenLoaded(JEST_ADAPTER, (loaded) => {
    const adapter = loaded.default || loaded;
    const asking = (globalConfig, config, environment, ...more) => {
      if (globalThis[ask]) environment.global[ask] = (...given) => globalThis[ask](...given);
      return adapter(globalConfig, config, environment, ...more);
    };
    return loaded.default ? { ...loaded, __esModule: true, default: asking } : asking;
  });
}

function within(tests, files) {
  return files ? tests.filter((test) => files.includes(test.path)) : tests;
}

/** How each test ended: its file, its names from outside inwards, and '' or what it says of its failure. */
async function runAgain(Runner, first, tests, wanted) {
  const { _globalConfig: given, _context: context } = first;
  const pattern = wanted && `^(?:${wanted.map((name) => escaped(name.split(' > ').join(' '))).join('|')})$`;
  const runner = new Runner(pattern ? { ...given, testNamePattern: pattern } : given, context);
  const ended = [];
  runner.on('test-file-failure', ([test, error]) => {
    ended.push({ file: test.path, names: [''], error: (error && error.message) || 'failed' });
  });
  runner.on('test-file-success', ([test, result]) => {
    if (result.testExecError) ended.push({ file: test.path, names: [''], error: String(result.testExecError.message || 'failed') });
    for (const each of result.testResults) {
      if (each.status !== 'passed' && each.status !== 'failed') continue;
      const error = each.status === 'failed' ? each.failureMessages[0] || 'failed' : '';
      ended.push({ file: test.path, names: [...each.ancestorTitles, each.title], error });
    }
  });
  await runner.runTests(tests, { isInterrupted: () => false, isWatchMode: () => false }, { serial: true });
  return ended;
}

function escaped(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

module.exports = { takeOverJest };
