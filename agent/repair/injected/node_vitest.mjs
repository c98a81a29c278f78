/*
 * Keeps vitest waiting in its own process, by its own programming interface, for node_serve.js (as node_resident.js
 * does with jest). It compiles anew what changed since it ran last, and nothing else.
 */
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , program, ...given] = process.argv; // vitest.mjs, and what it was given
const { createVitest, parseCLI } = await import(pathToFileURL(path.join(path.dirname(program), 'dist', 'node.js')));
const { filter, options } = parseCLI(['vitest', ...given]);
const alone = { watch: false, run: true, reporters: [{}], coverage: { enabled: false } };
const quick = { pool: 'threads', isolate: false }; // which ends with this process, whatever runs in it
const vitest = await createVitest('test', { ...options, ...alone, ...quick });
const specifications = await vitest.globTestSpecifications(filter);
const files = [...new Set(specifications.map((each) => each.moduleId))];
const written = new Map(); // by path: when it was changed last

/** Forget what vite has compiled of files that changed. */
function look() {
  for (const { vite } of vitest.projects) {
    for (const { moduleGraph } of Object.values(vite.environments)) {
      for (const file of moduleGraph.fileToModulesMap.keys()) {
        const time = file.includes('/node_modules/') ? 0 : (fs.statSync(file, { throwIfNoEntry: false }) || {}).mtimeMs;
        if (written.has(file) && written.get(file) !== time) vitest.invalidateFile(file);
        written.set(file, time);
      }
    }
  }
}

async function failedIn(some) {
  look();
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications.filter((each) => some.includes(each.moduleId)));
  look();
  const failed = unhandledErrors.map((error) => ({ file: '', name: '', error: String(error.message || error) }));
  for (const tested of testModules) {
    const found = [...tested.children.allTests('failed')].map((test) => [test.name, test.result().errors]);
    if (!found.length && tested.state() !== 'passed' && tested.state() !== 'skipped') found.push(['', tested.errors()]);
    for (const [name, errors] of found) {
      failed.push({ file: tested.moduleId, name, error: String((errors && errors[0] && errors[0].message) || 'failed') });
    }
  }
  return failed;
}

async function run({ first, rest }) {
  const others = files.filter((file) => !first.includes(file));
  let failed = [];
  for (const some of [first, rest ? others : []]) if (some.length && !failed.length) failed = await failedIn(some);
  return {
    status: failed.length ? 1 : 0,
    error: failed.length ? failed[0].error.slice(0, 300) : '',
    names: failed.map((each) => each.name),
    failing: [...new Set(failed.map((each) => each.file))],
  };
}

process.on('message', (asked) => {
  run(asked).then(
    (answer) => process.send(answer),
    (error) => process.send({ status: 1, error: String((error && error.message) || error), names: [], failing: [] }),
  );
});
process.send('ready');
