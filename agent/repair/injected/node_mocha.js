'use strict';
/*
 * Has mocha run its tests again and again in its own process, the workspace's files loaded anew.
 */
const { whenLoaded, MOCHA } = require('./seedsmith_runners.js');

let loads = 0;

/** Call `found` instead of mocha's first run, with what runs tests: those in `wanted` by name, or all. */
function takeOverMocha(forget, found) {
  whenLoaded(MOCHA, (Mocha) => {
    const { run } = Mocha.prototype;
    Mocha.prototype.run = function takenOver() {
      Mocha.prototype.run = run;
      found((wanted) => runAgain(Mocha, this, forget, wanted));
    };
  });
}

/** How each test ended: '' or what it says of its failure, by its name. */
async function runAgain(Mocha, first, forget, wanted) {
  forget();
  loads += 1;
  const ended = new Map();
  const mocha = new Mocha({ ...first.options, reporter: function silent() {} });
  mocha.files = first.files;
  const number = loads;
  await mocha.loadFilesAsync({ esmDecorator: (url) => `${url}?load=${number}` });
  if (wanted) prune(mocha.suite, wanted);
  await new Promise((resolve) => {
    mocha
      .run(resolve)
      .on('pass', (test) => ended.set(nameOf(test), ''))
      .on('fail', (test, error) => ended.set(nameOf(test), String((error && error.message) || 'failed')));
  });
  return ended;
}

function nameOf(test) {
  return test.titlePath().join(' > ');
}

function prune(suite, wanted) {
  suite.tests = suite.tests.filter((test) => wanted.includes(nameOf(test)));
  for (const each of suite.suites) prune(each, wanted);
}

module.exports = { takeOverMocha };
