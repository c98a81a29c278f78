'use strict';

function typeOf(value) {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (value instanceof Date) return 'date';
  if (value instanceof Map) return 'map';
  if (value instanceof Set) return 'set';
  return typeof value;
}

function equalArrays(left, right) {
  return left.length === right.length && left.every((item, index) => deepEqual(item, right[index]));
}

function equalObjects(left, right) {
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && deepEqual(left[key], right[key]));
}

function equalMaps(left, right) {
  if (left.size !== right.size) return false;
  for (const [key, value] of left) {
    if (!right.has(key) || !deepEqual(value, right.get(key))) return false;
  }
  return true;
}

function equalSets(left, right) {
  if (left.size !== right.size) return false;
  return [...left].every((item) => right.has(item));
}

/** Whether two values are the same in structure; NaN equals itself. */
function deepEqual(left, right) {
  if (left === right) return true;
  if (Number.isNaN(left) && Number.isNaN(right)) return true;
  const type = typeOf(left);
  if (type !== typeOf(right)) return false;
  switch (type) {
    case 'array': return equalArrays(left, right);
    case 'object': return equalObjects(left, right);
    case 'date': return left.getTime() === right.getTime();
    case 'map': return equalMaps(left, right);
    case 'set': return equalSets(left, right);
    default: return false;
  }
}

/** The paths at which two values differ, e.g. `['a.b', 'c.0']`. */
function differences(left, right, path = '') {
  if (deepEqual(left, right)) return [];
  const types = [typeOf(left), typeOf(right)];
  if (types[0] !== types[1] || !['object', 'array'].includes(types[0])) return [path || '.'];
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].sort().flatMap((key) => {
    const below = path ? `${path}.${key}` : key;
    return differences(left[key], right[key], below);
  });
}

module.exports = { deepEqual, differences };
