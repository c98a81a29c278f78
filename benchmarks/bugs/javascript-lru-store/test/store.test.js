'use strict';
const test = require('node:test');
const assert = require('node:assert');
const { Store, memoize } = require('../store');

test('unknown keys', () => {
  const store = new Store();
  assert.strictEqual(store.get('a'), undefined);
  assert.strictEqual(store.statistics.misses, 1);
});

test('holds as many as it has room for', () => {
  const store = new Store({ capacity: 2 });
  store.set('a', 1).set('b', 2);
  assert.deepStrictEqual(store.keys(), ['a', 'b']);
  store.set('c', 3);
  assert.deepStrictEqual(store.keys(), ['b', 'c']);
  assert.strictEqual(store.statistics.evictions, 1);
});

test('reading refreshes', () => {
  const store = new Store({ capacity: 3 });
  store.set('a', 1).set('b', 2);
  store.get('a');
  assert.deepStrictEqual(store.keys(), ['b', 'a']);
});

test('entries expire', () => {
  let now = 0;
  const store = new Store({ lifetime: 10, clock: () => now });
  store.set('a', 1);
  now = 10;
  assert.strictEqual(store.prune(), 1);
  assert.strictEqual(store.size, 0);
});

test('memoize computes once', () => {
  let calls = 0;
  const square = memoize((n) => { calls += 1; return n * n; }, { capacity: 5 });
  assert.strictEqual(square(3), 9);
  assert.strictEqual(square(3), 9);
  assert.strictEqual(calls, 1);
});
