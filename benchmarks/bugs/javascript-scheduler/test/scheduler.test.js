'use strict';
const test = require('node:test');
const assert = require('node:assert');
const { Scheduler } = require('../lib/scheduler');

test('runs in the order of time', () => {
  const scheduler = new Scheduler();
  const log = [];
  scheduler.after(20, () => log.push('late'));
  scheduler.after(10, () => log.push('early'));
  scheduler.advance(30);
  assert.deepStrictEqual(log, ['early', 'late']);
});

test('tasks of one moment run as planned', () => {
  const scheduler = new Scheduler();
  const log = [];
  for (const name of ['a', 'b', 'c']) scheduler.after(5, () => log.push(name));
  scheduler.advance(5);
  assert.strictEqual(log.join(''), 'abc');
});

test('repeats', () => {
  const scheduler = new Scheduler();
  const times = [];
  scheduler.every(10, (now) => times.push(now));
  scheduler.advance(35);
  assert.deepStrictEqual(times, [10, 20, 30]);
});

test('cancels', () => {
  const scheduler = new Scheduler();
  const id = scheduler.every(1, () => assert.fail());
  assert.ok(scheduler.cancel(id));
  assert.ok(!scheduler.cancel(id));
  scheduler.advance(5);
});

test('a task may plan another', () => {
  const scheduler = new Scheduler();
  const log = [];
  scheduler.after(1, () => scheduler.after(1, (now) => log.push(now)));
  scheduler.advance(5);
  assert.deepStrictEqual(log, [2]);
});

test('periods must be positive', () => {
  assert.throws(() => new Scheduler().every(0, () => {}), RangeError);
});
