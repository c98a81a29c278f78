/*
 * Has vitest run its tests again and again in its own process, by its own programming interface. It compiles anew
 * what changed since it ran last, and nothing else.
 *
 * As a program it waits for node_serve.js, as node_resident.js does with jest.
 */
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * What runs tests in some files, the tests being in `files`; `program` is vitest.mjs and `given` its arguments.
 *
 * `anew` has each run begin a thread. Vitest 4 does so anyway; before, only where it begins one for each file.
 */
export async function openVitest(program, given, anew) {
  const { createVitest, parseCLI, version } = await import(pathToFileURL(path.join(path.dirname(program), 'dist', 'node.js')));
  const { filter, options } = parseCLI(['vitest', ...given]);
  const alone = { watch: false, run: true, reporters: [{}], coverage: { enabled: false } };
  const isolate = anew && Number.parseInt(version, 10) < 4;
  const quick = { pool: 'threads', isolate }; // threads end with this process, whatever runs in them
  const vitest = await createVitest('test', { ...options, ...alone, ...quick });
  const specifications = await vitest.globTestSpecifications(filter);
  const files = [...new Set(specifications.map((each) => each.moduleId))];
  const written = new Map(); // by path: when it was changed last
  const again = async (some) => {
    look(vitest, written);
    const wanted = specifications.filter((each) => !some || some.includes(each.moduleId));
    const ended = endedIn(await vitest.runTestSpecifications(wanted));
    look(vitest, written);
    return ended;
  };
  return { files, again };
}

/** Forget what vite has compiled of files that changed. */
function look(vitest, written) {
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

/** How each test ended: its file, its names from outside inwards, and '' or what it says of its failure. */
function endedIn({ testModules, unhandledErrors }) {
  const said = (errors) => String((errors && errors[0] && errors[0].message) || 'failed');
  const ended = unhandledErrors.map((error) => ({ file: '', names: [''], error: said([error]) }));
  for (const tested of testModules) {
    const before = ended.length;
    for (const test of tested.children.allTests()) {
      const { state, errors } = test.result();
      if (state !== 'passed' && state !== 'failed') continue;
      ended.push({ file: tested.moduleId, names: test.fullName.split(' > '), error: state === 'failed' ? said(errors) : '' });
    }
    const failed = tested.state() === 'failed' && !ended.slice(before).some((each) => each.error);
    if (failed) ended.push({ file: tested.moduleId, names: [''], error: said(tested.errors()) });
  }
  return ended;
}

if (path.basename(process.argv[1]) === 'node_vitest.mjs') {
  const { wait } = await import('./node_resident.js');
  const { files, again } = await openVitest(process.argv[2], process.argv.slice(3), false);
  wait(again, files);
}
