'use strict';
const { segmentsOf, specificity, matchSegments } = require('./pattern');

/** Finds handlers by method and path. */
class Router {
  constructor() {
    this.routes = [];
  }

  add(method, pattern, handler) {
    const segments = segmentsOf(pattern);
    this.routes.push({ method, segments, handler, score: specificity(segments) });
    this.routes.sort((left, right) => right.score - left.score);
    return this;
  }

  /** The methods that `path` allows, sorted. */
  allowed(path) {
    const fitting = this.routes.filter((route) => matchSegments(route.segments, path));
    return [...new Set(fitting.map((route) => route.method))].sort();
  }

  /** Call the best handler; 404 and 405 answers are made here. */
  handle(method, path) {
    for (const route of this.routes) {
      if (route.method !== method) continue;
      const parameters = matchSegments(route.segments, path);
      if (parameters) return { status: 200, body: route.handler(parameters) };
    }
    const methods = this.allowed(path);
    if (methods.length > 0) return { status: 405, body: methods.join(', ') };
    return { status: 404, body: `nothing at ${path}` };
  }
}

module.exports = { Router };
