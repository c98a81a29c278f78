'use strict';
/*
 * Has Node load TypeScript as tsx does, where it is tsx that runs a program: before what `--import` names is loaded,
 * and in threads, where tsx does nothing by itself in Node 20.
 *
 * As a thread's program it runs the one that `workerData` names.
 */
const path = require('node:path');
const { fileURLToPath, pathToFileURL } = require('node:url');
const { isMainThread, workerData } = require('node:worker_threads');

const NAMED = /^(?:--import=)?(tsx|.*[\\/]tsx[\\/]dist[\\/]loader\.mjs)$/;

/** What loads TypeScript for Node that is run with these arguments, as they name it; and those without it. */
function tsxIn(given) {
  const named = given.find((each) => NAMED.test(each));
  const isNamed = (each) => each !== undefined && NAMED.test(each);
  const others = given.filter((each, at) => !isNamed(each) && !(each === '--import' && isNamed(given[at + 1])));
  return { tsx: named ? NAMED.exec(named)[1] : null, others };
}

/** Load TypeScript as `tsx` does, that being its name or the address of its loader. */
async function useTsx(tsx) {
  const named = tsx.startsWith('file:') ? fileURLToPath(tsx) : tsx;
  const loader = path.isAbsolute(named) ? named : require.resolve(named, { paths: [process.cwd()] });
  for (const kind of ['cjs', 'esm']) {
    const { register } = await import(pathToFileURL(path.join(path.dirname(loader), kind, 'api', 'index.mjs')));
    register();
  }
}

async function runInThread({ tsx, file }) {
  await useTsx(tsx);
  process.argv[1] = file;
  await import(pathToFileURL(file));
}

if (!isMainThread && workerData && workerData.tsx) void runInThread(workerData);

module.exports = { tsxIn, useTsx };
