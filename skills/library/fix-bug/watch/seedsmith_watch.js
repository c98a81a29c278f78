'use strict';
/*
 * Watch a test run of node:test from inside: which workspace lines each test ran, and how it failed.
 *
 * This file is copied into the sandbox and required first by the project's Node (NODE_OPTIONS), so it
 * uses Node's own modules only. As with its Python neighbour, `root` and `out` lie next to it, and each
 * process writes one JSON report. Where anything is not as expected it stays silent: the run must go on as
 * if it were not there.
 */
const fs = require('node:fs');
const path = require('node:path');
const { fileURLToPath } = require('node:url');

const ROOT = path.join(fs.realpathSync(rootFile() || '.'), path.sep);
const OUT = path.join(__dirname, 'out');
const MOST_TESTS = 3000;
const MOST_MILLISECONDS = 30000; // spent on counting, of all tests together

/** The workspace, as the file next to this one names it. */
function rootFile() {
  try {
    return fs.readFileSync(path.join(__dirname, 'root'), 'utf8').replace(/\n$/, '');
  } catch {
    return '';
  }
}

/** The path below the workspace, or null where the file is not the user's own. */
function relative(url) {
  if (!url.startsWith('file:') && !path.isAbsolute(url)) return null;
  let file = url;
  try {
    file = fs.realpathSync(url.startsWith('file:') ? fileURLToPath(url) : url);
  } catch {
    return null;
  }
  if (!file.startsWith(ROOT) || file.includes(`${path.sep}node_modules${path.sep}`)) return null;
  return file.slice(ROOT.length);
}

function usesNodeTest(file) {
  try {
    return relative(file) !== null && /['"](?:node:)?test['"]/.test(fs.readFileSync(file, 'utf8'));
  } catch {
    return false;
  }
}

const main = process.argv[1];
if (main && path.isAbsolute(main) && usesNodeTest(main)) watch();

function watch() {
  const { Session } = require('node:inspector');
  const runner = require('node:test');
  const session = new Session();
  session.connect();
  const ask = (method, parameters) => {
    let answer;
    session.post(method, parameters, (error, found) => {
      answer = error ? null : found;
    });
    return answer;
  };
  ask('Profiler.enable');
  ask('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

  const sources = new Map(); // by url: the path, and where each line starts
  const tests = [];
  let spent = 0;

  const source = (url) => {
    if (!sources.has(url)) {
      const file = relative(url);
      sources.set(url, file === null ? null : { file, text: fs.readFileSync(path.join(ROOT, file), 'utf8') });
    }
    return sources.get(url);
  };

  /** The lines that ran since it was asked last, by path. */
  const taken = () => {
    const lines = {};
    const began = Date.now();
    const coverage = spent > MOST_MILLISECONDS ? null : ask('Profiler.takePreciseCoverage');
    for (const script of coverage ? coverage.result : []) {
      const known = source(script.url);
      if (known) {
        const ran = ranLines(known.text, script.functions);
        if (ran.length) lines[known.file] = ran;
      }
    }
    spent += Date.now() - began;
    return lines;
  };

  const begun = new Map();
  runner.beforeEach((test) => {
    taken();
    begun.set(test.name, Date.now());
  });
  runner.afterEach((test) => {
    if (tests.length >= MOST_TESTS) return;
    const error = test.error && (test.error.cause instanceof Error ? test.error.cause : test.error);
    tests.push({
      name: test.fullName || test.name,
      outcome: test.passed === false || error ? 'failed' : 'passed',
      lines: taken(),
      frames: error ? framesOf(String(error.stack || '')) : [],
      message: error ? `${error.name || 'Error'}: ${error.message || error}` : '',
      seconds: (Date.now() - (begun.get(test.name) || Date.now())) / 1000,
    });
  });
  process.on('exit', () => {
    try {
      fs.writeFileSync(path.join(OUT, `node-${process.pid}.json`), JSON.stringify({ tests }));
    } catch {
      // the run itself matters more than what is known of it
    }
  });
}

/** Numbers of the lines with code that ran, from V8's nested ranges: an inner one overrules an outer one. */
function ranLines(text, functions) {
  const counts = new Int32Array(text.length + 1).fill(-1);
  for (const each of functions) {
    for (const range of each.ranges) {
      // a function's own text is its body's; where it stands was run by whoever defined it
      counts.fill(range.count, range.startOffset, range.endOffset);
    }
  }
  const ran = [];
  let start = 0;
  text.split('\n').forEach((line, index) => {
    const from = start + (line.length - line.trimStart().length);
    const end = start + line.trimEnd().length;
    for (let place = from; place < end; place += 1) {
      if (counts[place] > 0) {
        ran.push(index + 1);
        break;
      }
    }
    start += line.length + 1;
  });
  return ran;
}

/** The places of a stack, from the test inwards, as [path, line, function]. */
function framesOf(stack) {
  const frames = [];
  for (const line of stack.split('\n')) {
    const match = /^\s*at (?:async )?(?:(.+?) \()?((?:file:\/\/)?\/[^()]+?):(\d+):\d+\)?$/.exec(line);
    const file = match && relative(match[2]);
    if (file) frames.unshift([file, Number(match[3]), (match[1] || '').split('.').pop()]);
  }
  return frames.slice(-40);
}
