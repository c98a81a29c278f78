'use strict';

/** Cut `/a/b/` into `['a', 'b']`. */
function segmentsOf(path) {
  return path.split('/').filter((segment) => segment !== '');
}

/** How exact a pattern is: literal segments count most, wildcards least. */
function specificity(segments) {
  let score = 0;
  for (const segment of segments) {
    if (segment === '*') score += 0;
    else if (segment.startsWith(':')) score += 1;
    else score += 10;
  }
  return score;
}

/** The parameters of `path` under a pattern, or null where it does not match. */
function matchSegments(segments, path) {
  const given = segmentsOf(path);
  const parameters = {};
  for (const [index, segment] of segments.entries()) {
    if (segment === '*') {
      parameters.rest = given.slice(index).join('/');
      return parameters;
    }
    if (index >= given.length) return null;
    if (segment.startsWith(':')) {
      parameters[segment.slice(1)] = decodeURIComponent(given[index]);
    } else if (segment !== given[index]) {
      return null;
    }
  }
  return given.length === segments.length ? parameters : null;
}

module.exports = { segmentsOf, specificity, matchSegments };
