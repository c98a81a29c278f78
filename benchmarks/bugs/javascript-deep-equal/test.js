'use strict';
const assert = require('node:assert');
const { deepEqual, differences } = require('./equal');

let failed = 0;
function check(name, body) {
  try {
    body();
    console.log(`ok - ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok - ${name}\n  ${error.message}`);
  }
}

check('primitives', () => {
  assert.ok(deepEqual(1, 1));
  assert.ok(!deepEqual(1, '1'));
  assert.ok(!deepEqual(null, undefined));
});

check('not a number', () => {
  assert.strictEqual(deepEqual(NaN, NaN), true);
  assert.strictEqual(deepEqual(NaN, 0), false);
});

check('nested objects', () => {
  assert.ok(deepEqual({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }));
  assert.ok(!deepEqual({ a: undefined }, { b: 1 }));
});

check('dates, maps and sets', () => {
  assert.ok(deepEqual(new Date(5), new Date(5)));
  assert.ok(deepEqual(new Map([['a', [1]]]), new Map([['a', [1]]])));
  assert.ok(!deepEqual(new Set([1]), new Set([2])));
});

check('differences have paths', () => {
  assert.deepStrictEqual(differences({ a: { b: 1 }, c: [1, 2] }, { a: { b: 2 }, c: [1, 3] }), ['a.b', 'c.1']);
  assert.deepStrictEqual(differences([1], { 0: 1 }), ['.']);
});

process.exit(failed ? 1 : 0);
