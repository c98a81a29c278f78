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
  const at = given.findIndex((each) => NAMED.test(each));
  if (at < 0) return { tsx: null, others: given };
  const first = given[at - 1] === '--import' ? at - 1 : at;
  return { tsx: NAMED.exec(given[at])[1], others: [...given.slice(0, first), ...given.slice(at + 1)] };
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
