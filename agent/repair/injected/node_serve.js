'use strict';
/*
 * Run the same programs again and again from one process, each time in threads of their own that load anew
 * whatever they load; jest and vitest stay in a process of their own (node_resident.js, node_vitest.mjs).
 *
 * `mains.json` names the programs (node_mains.js). It reads one JSON line a run from descriptor 8 and answers
 * with one on descriptor 9. The first run, `look`, tells how each program ended; those that fail there are run
 * before the others from then on. Like its neighbours this file uses Node's own modules only.
 */
const { fork } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
const { tsxIn } = require('./node_tsx.js');

const [REQUESTS, ANSWERS] = [8, 9];
const MOST_TEXT = 200000;
const MOST_NAMES = 200;
const MAINS = JSON.parse(fs.readFileSync(path.join(__dirname, 'mains.json'), 'utf8'));
const FAILED = /^\s*(?:not ok \d+ -|✖|\d+\))\s+(.*?)(?:\s+\([\d.]+ms\))?(?:\s+#.*)?$/gm;
const START_MILLISECONDS = 20000;
let failing = [];

/** How a program ends, within so many milliseconds: 0 where it passes, null where it does not end. */
function run(main, milliseconds) {
  return new Promise((resolve) => {
    const { argv, execArgv, env, file } = main;
    const { tsx, others } = tsxIn(execArgv);
    const given = { argv, execArgv: others, env, workerData: { tsx, file } };
    const program = tsx ? path.join(__dirname, 'node_tsx.js') : file;
    const worker = new Worker(program, { ...given, stdin: false, stdout: true, stderr: true });
    let [text, error, hangs] = ['', '', false];
    const read = (piece) => {
      if (text.length < MOST_TEXT) text += piece;
    };
    worker.stdout.setEncoding('utf8').on('data', read);
    worker.stderr.setEncoding('utf8').on('data', read);
    const timer = setTimeout(() => {
      hangs = true;
      worker.terminate();
    }, milliseconds);
    worker.on('error', (thrown) => {
      error = String((thrown && thrown.message) || thrown || 'error');
    });
    worker.on('exit', (code) => {
      clearTimeout(timer);
      const status = hangs ? null : Number(Boolean(code || error));
      setImmediate(() => resolve({ status, error: error.slice(0, 300), text }));
    });
  });
}

/** A runner that stays: a process that runs the tests whenever it is asked, and a new one after what did not end. */
class Resident {
  constructor(main) {
    this.main = main;
    this.failing = [];
    this.start();
  }

  start() {
    const { file, argv, execArgv, env, runner } = this.main;
    const options = `--require=${path.join(__dirname, 'node_resident.js')} ${env.NODE_OPTIONS || ''}`.trim();
    const stdio = ['ignore', 'ignore', 'ignore', 'ipc'];
    this.child =
      runner === 'jest'
        ? fork(file, argv, { execArgv, env: { ...env, NODE_OPTIONS: options }, stdio })
        : fork(path.join(__dirname, 'node_vitest.mjs'), [file, ...argv], { execArgv, env, stdio });
    this.ready = this.message(START_MILLISECONDS);
  }

  /** The child's next message; null where none comes in time. */
  message(milliseconds) {
    const { child } = this;
    return new Promise((resolve) => {
      const end = (told) => {
        clearTimeout(timer);
        child.removeAllListeners();
        resolve(told);
      };
      const timer = setTimeout(end, milliseconds, null);
      child.once('message', end);
      child.once('exit', () => end(null));
      child.once('error', () => end(null));
    });
  }

  /** How the tests end within so many milliseconds from when it is ready. */
  async run(tests, milliseconds) {
    if (!(await this.ready)) return { status: null };
    const first = { look: [], others: [] }[tests] || this.failing;
    const answered = this.message(milliseconds);
    this.child.send({ first, rest: tests !== 'only' }, () => {});
    const answer = await answered;
    if (answer && tests === 'look') this.failing = answer.failing;
    if (answer) return answer;
    this.child.kill('SIGKILL');
    this.start();
    return { status: null };
  }
}

async function look(end) {
  const ends = [];
  for (const main of MAINS) {
    const { status, error, text } = await run(main, Math.max(1, end - Date.now()));
    const names = [...text.matchAll(FAILED)].map((match) => match[1].slice(0, 200));
    ends.push({ status, error, names: names.slice(0, MOST_NAMES) });
  }
  failing = MAINS.filter((_, index) => ends[index].status !== 0);
  return { status: failing.length ? 1 : 0, ends };
}

async function runAll(tests, end) {
  const others = MAINS.filter((each) => !failing.includes(each));
  const wanted = { only: failing, others }[tests] || [...failing, ...others];
  for (const main of wanted) {
    const { status } = await run(main, Math.max(1, end - Date.now()));
    if (status !== 0) return { status };
  }
  return { status: 0 };
}

async function residing(tests, milliseconds) {
  const { status, error = '', names = [] } = await resident.run(tests, milliseconds);
  return { status, ends: [{ status, error, names: names.slice(0, MOST_NAMES) }] };
}

async function serve(line) {
  const { tests, seconds } = JSON.parse(line);
  const end = Date.now() + 1000 * seconds;
  const answer = resident ? await residing(tests, 1000 * seconds) : tests === 'look' ? await look(end) : await runAll(tests, end);
  fs.writeSync(ANSWERS, `${JSON.stringify(answer)}\n`);
}

const resident = MAINS.length === 1 && ['jest', 'vitest'].includes(MAINS[0].runner) ? new Resident(MAINS[0]) : null;
let waiting = '';
let last = Promise.resolve();
fs.createReadStream(null, { fd: REQUESTS, encoding: 'utf8' })
  .on('data', (piece) => {
    const lines = (waiting + piece).split('\n');
    waiting = lines.pop();
    for (const line of lines) last = last.then(() => serve(line)).catch(() => process.exit(1));
  })
  .on('end', () => process.exit(0));
