'use strict';
/*
 * Takes hold of the runners of tests that a project brings along, as soon as they are loaded.
 *
 * As its neighbours this file uses Node's own modules only.
 */
const Module = require('node:module');

const MOCHA = /[\\/]mocha[\\/]lib[\\/]mocha\.c?js$/;
const JEST_RUNNER = /[\\/]jest-runner[\\/]build[\\/]index\.js$/;
const JEST_ADAPTER = /[\\/]jest-circus[\\/](?:build[\\/])?runner\.js$/;

const wanted = []; // pairs of a pattern and what to do with the module whose path matches
const changed = new Map(); // by path: what those who load it get

/** Have everybody who loads a module whose path matches get what `change` makes of it, or it as it is. */
function whenLoaded(pattern, change) {
  if (!wanted.length) hook();
  wanted.push([pattern, change]);
}

function hook() {
  const load = Module._load;
  Module._load = function loadAndChange(request, parent, ...more) {
    const loaded = load.call(this, request, parent, ...more);
    if (!/runner|mocha/.test(request)) return loaded;
    const file = resolved(request, parent);
    if (!file) return loaded;
    if (!changed.has(file)) changed.set(file, changedBy(file, loaded));
    return changed.get(file);
  };
}

function resolved(request, parent) {
  try {
    const file = Module._resolveFilename(request, parent);
    return wanted.some(([pattern]) => pattern.test(file)) ? file : null;
  } catch {
    return null;
  }
}

function changedBy(file, loaded) {
  let result = loaded;
  for (const [pattern, change] of wanted) {
    try {
      if (pattern.test(file)) result = change(result) || result;
    } catch {
      // another version than those that are known: it runs as it is
    }
  }
  return result;
}

module.exports = { whenLoaded, MOCHA, JEST_RUNNER, JEST_ADAPTER };
