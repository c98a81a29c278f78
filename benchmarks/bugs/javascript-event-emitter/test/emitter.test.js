'use strict';
const test = require('node:test');
const assert = require('node:assert');
const { Emitter, forward } = require('../emitter');

test('calls listeners in order', () => {
  const emitter = new Emitter();
  const seen = [];
  emitter.on('a', (x) => seen.push(`1${x}`));
  emitter.on('a', (x) => seen.push(`2${x}`));
  assert.strictEqual(emitter.emit('a', 'x'), 2);
  assert.deepStrictEqual(seen, ['1x', '2x']);
});

test('listeners can be taken away', () => {
  const emitter = new Emitter();
  const stop = emitter.on('a', () => assert.fail());
  assert.strictEqual(stop(), true);
  assert.strictEqual(stop(), false);
  assert.strictEqual(emitter.emit('a'), 0);
});

test('once means once', () => {
  const emitter = new Emitter();
  let calls = 0;
  emitter.once('a', () => { calls += 1; });
  emitter.emit('a');
  emitter.emit('a');
  assert.strictEqual(calls, 1);
  assert.strictEqual(emitter.count('a'), 0);
});

test('the star hears everything', () => {
  const emitter = new Emitter();
  const seen = [];
  emitter.on('*', (event, value) => seen.push([event, value]));
  emitter.emit('b', 7);
  assert.deepStrictEqual(seen, [['b', 7]]);
});

test('forwards until stopped', () => {
  const source = new Emitter();
  const target = new Emitter();
  const seen = [];
  target.on('a', (x) => seen.push(x));
  const stop = forward(['a'], source, target);
  source.emit('a', 1);
  stop();
  source.emit('a', 2);
  assert.deepStrictEqual(seen, [1]);
});

test('rejects what is no function', () => {
  assert.throws(() => new Emitter().on('a', 5), TypeError);
});
