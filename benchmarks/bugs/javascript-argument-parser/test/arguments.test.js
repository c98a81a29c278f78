'use strict';
const test = require('node:test');
const assert = require('node:assert');
const { parseArguments, UsageError } = require('../arguments');

const options = {
  verbose: { type: 'boolean', short: 'v' },
  level: { type: 'number', default: 3 },
  include: { type: 'string', short: 'I', multiple: true },
};

test('defaults', () => {
  assert.deepStrictEqual(parseArguments([], options).values, { verbose: false, level: 3, include: [] });
});

test('flags and rest', () => {
  const { values, rest } = parseArguments(['-v', 'a', '--', '-b'], options);
  assert.strictEqual(values.verbose, true);
  assert.deepStrictEqual(rest, ['a', '-b']);
});

test('values after a sign of equality', () => {
  const { values } = parseArguments(['--level=5', '--verbose=false'], options);
  assert.strictEqual(values.level, 5);
  assert.strictEqual(values.verbose, false);
});

test('several values', () => {
  const { values } = parseArguments(['-I', 'x', '--include', 'y'], options);
  assert.deepStrictEqual(values.include, ['x', 'y']);
});

test('usage errors', () => {
  assert.throws(() => parseArguments(['--colour'], options), UsageError);
  assert.throws(() => parseArguments(['--level'], options), /needs a value/);
  assert.throws(() => parseArguments(['--level', 'x'], options), /not a number/);
});
