'use strict';
/*
 * Keeps jest waiting in its own process, and runs its tests whenever the process that started it asks for it; or
 * another runner that is given.
 *
 * node_serve.js starts it and ends it where a run does not end. A message names the files to run first,
 * and whether the others follow where those pass.
 */
const { takeOverJest } = require('./node_jest.js');

/** Wait for messages; `again` runs the tests of some files, `files` are all of them. */
function wait(again, files) {
  const run = async ({ first, rest }) => {
    const others = files.filter((file) => !first.includes(file));
    const failed = [];
    for (const some of [first, rest ? others : []]) {
      if (some.length && !failed.length) failed.push(...(await again(some)).filter((each) => each.error));
    }
    return {
      status: failed.length ? 1 : 0,
      error: failed.length ? failed[0].error.slice(0, 300) : '',
      names: failed.map((each) => each.names[each.names.length - 1]),
      failing: [...new Set(failed.map((each) => each.file))],
    };
  };
  process.on('message', (asked) => {
    run(asked).then(
      (answer) => process.send(answer),
      (error) => process.send({ status: 1, error: String((error && error.message) || error), names: [], failing: [] }),
    );
  });
  process.send('ready');
}

takeOverJest(wait);

module.exports = { wait };
