'use strict';
/*
 * Which lines of the workspace's files ran since it was asked last, and the report of a process's tests.
 *
 * V8 counts what runs, in every context of the thread. Where a runner compiles a file otherwise than it stands
 * (jest, vitest), its inline source map says which line is which. As its neighbours this file uses Node's own
 * modules only.
 */
const fs = require('node:fs');
const path = require('node:path');
const { fileURLToPath } = require('node:url');
const { threadId } = require('node:worker_threads');

const ROOT = path.join(fs.realpathSync(rootFile() || '.'), path.sep);
const OUT = path.join(__dirname, 'out');
const MOST_TESTS = 3000;
const MOST_MILLISECONDS = 30000; // spent on counting, of all tests together
const MOST_CHARACTERS = 2000000; // of a file as it was compiled
const MAP = /\/\/[#@] sourceMappingURL=data:application\/json[^,]*;base64,([\w+/=]+)/g;

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
    file = fs.realpathSync(url.startsWith('file:') ? fileURLToPath(url.replace(/[?#].*$/, '')) : url);
  } catch {
    return null;
  }
  if (!file.startsWith(ROOT) || file.includes(`${path.sep}node_modules${path.sep}`)) return null;
  return file.slice(ROOT.length);
}

/** Counts lines from now on; `begin` and `end` stand around each test, `write` when some have ended. */
class Counter {
  constructor() {
    const { Session } = require('node:inspector');
    this.session = new Session();
    this.session.connect();
    this.ask('Profiler.enable');
    this.ask('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    this.files = new Map(); // by url: the path
    this.scripts = new Map(); // by id: the path, and which lines stand where
    this.places = new Map(); // by path and text
    this.tests = [];
    this.count = 0;
    this.reports = 0;
    this.spent = 0;
    this.began = Date.now();
    process.on('exit', () => this.write());
  }

  ask(method, parameters) {
    let answer;
    this.session.post(method, parameters, (error, found) => {
      answer = error ? null : found;
    });
    return answer;
  }

  /** Forget what ran so far. */
  begin() {
    this.taken();
    this.began = Date.now();
  }

  /** Note a test that ended, with what failed it, or null. */
  end(name, error) {
    if (this.count >= MOST_TESTS) return;
    this.count += 1;
    this.tests.push({
      name,
      outcome: error ? 'failed' : 'passed',
      lines: this.taken(),
      frames: error ? framesOf(String(error.stack || error.message || error)) : [],
      message: error ? `${error.name || 'Error'}: ${error.message || error}` : '',
      seconds: (Date.now() - this.began) / 1000,
    });
    this.began = Date.now();
  }

  /** Put down what ended since it was put down last. */
  write() {
    if (!this.tests.length) return;
    try {
      const name = `node-${process.pid}-${threadId}-${this.reports}.json`;
      fs.writeFileSync(path.join(OUT, name), JSON.stringify({ tests: this.tests }));
    } catch {
      // the run itself matters more than what is known of it
    }
    this.reports += 1;
    this.tests = [];
  }

  /** The lines that ran since it was asked last, by path. */
  taken() {
    const lines = {};
    const began = Date.now();
    const coverage = this.spent > MOST_MILLISECONDS ? null : this.ask('Profiler.takePreciseCoverage');
    const ours = coverage ? coverage.result.filter((script) => this.file(script.url) !== null) : [];
    this.look(ours.filter((script) => !this.scripts.has(script.scriptId)));
    for (const script of ours) {
      const { file, text, places } = this.scripts.get(script.scriptId);
      const ran = ranLines(text, places, script.functions);
      if (ran.length) lines[file] = [...new Set([...(lines[file] || []), ...ran])];
    }
    this.spent += Date.now() - began;
    return lines;
  }

  file(url) {
    if (!this.files.has(url)) this.files.set(url, relative(url));
    return this.files.get(url);
  }

  /** Find out which lines stand where in scripts as they were compiled. */
  look(scripts) {
    if (scripts.length) this.ask('Debugger.enable');
    for (const { scriptId, url } of scripts) {
      const file = this.file(url);
      const source = this.ask('Debugger.getScriptSource', { scriptId });
      const written = fs.readFileSync(path.join(ROOT, file), 'utf8');
      const text = source ? source.scriptSource : written;
      const key = `${file}\n${text}`;
      if (!this.places.has(key)) this.places.set(key, placesOf(text, written, file));
      this.scripts.set(scriptId, { file, text, places: this.places.get(key) });
    }
    if (scripts.length) this.ask('Debugger.disable');
  }
}

/** Where lines of a file stand in the text that was compiled, as [line, start, end]; none where that is unknown. */
function placesOf(text, written, file) {
  const at = text.indexOf(written);
  if (at >= 0) return linesOf(written, at);
  if (isBlanked(text, written)) return linesOf(text.slice(0, written.length), 0);
  const [map] = [...text.matchAll(MAP)].slice(-1);
  if (!map || text.length > MOST_CHARACTERS) return [];
  try {
    return mappedPlaces(text.slice(0, map.index), JSON.parse(Buffer.from(map[1], 'base64')), file);
  } catch {
    return [];
  }
}

/** Whether a text was compiled with blanks in place of its types, as Node itself does it. */
function isBlanked(text, written) {
  const lines = text.split('\n');
  return written.split('\n').every((line, index) => index < lines.length && line.length === lines[index].length);
}

function linesOf(written, at) {
  const places = [];
  let start = at;
  written.split('\n').forEach((line, index) => {
    const from = start + (line.length - line.trimStart().length);
    if (line.trim()) places.push([index + 1, from, start + line.trimEnd().length]);
    start += line.length + 1;
  });
  return places;
}

function mappedPlaces(text, payload, file) {
  const { SourceMap } = require('node:module');
  const map = new SourceMap(payload);
  const places = [];
  let start = 0;
  text.split('\n').forEach((line, index) => {
    for (const word of line.matchAll(/[\w$]+|[^\s\w$]/g)) {
      const entry = map.findEntry(index, word.index);
      const known = entry.generatedLine === index && path.basename(entry.originalSource || '') === path.basename(file);
      if (known) places.push([entry.originalLine + 1, start + word.index, start + word.index + 1]);
    }
    start += line.length + 1;
  });
  return places;
}

/** Numbers of the lines with code that ran, from V8's nested ranges: an inner one overrules an outer one. */
function ranLines(text, places, functions) {
  const counts = new Int32Array(text.length + 1).fill(-1);
  for (const each of functions) {
    for (const range of each.ranges) {
      // a function's own text is its body's; where it stands was run by whoever defined it
      counts.fill(range.count, range.startOffset, range.endOffset);
    }
  }
  const ran = new Set();
  for (const [line, start, end] of places) {
    for (let place = start; place < end; place += 1) {
      if (counts[place] > 0) {
        ran.add(line);
        break;
      }
    }
  }
  return [...ran].sort((one, other) => one - other);
}

/** The places of a stack, from the test inwards, as [path, line, function]. */
function framesOf(stack) {
  const frames = [];
  for (const line of stack.split('\n')) {
    const match = /^\s*at (?:async )?(?:(.+?) \()?([^()]+?):(\d+):\d+\)?$/.exec(line);
    const file = match && relative(match[2].startsWith('file:') ? match[2] : path.resolve(match[2]));
    if (file) frames.unshift([file, Number(match[3]), (match[1] || '').split('.').pop()]);
  }
  return frames.slice(-40);
}

let counter = null;

/** The counter of this thread, which counts from the first time it is asked for. */
function counting() {
  counter = counter || new Counter();
  return counter;
}

module.exports = { counting, relative };
