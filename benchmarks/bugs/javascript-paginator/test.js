'use strict';
const assert = require('node:assert');
const { Paginator, pageCount } = require('./paginator');

const items = Array.from({ length: 34 }, (_, index) => index + 1);
let failed = 0;

function test(name, body) {
  try {
    body();
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok ${name}: ${error.message}`);
  }
}

test('counts pages', () => {
  assert.strictEqual(pageCount(0, 10), 1);
  assert.strictEqual(pageCount(20, 10), 2);
  assert.strictEqual(pageCount(21, 10), 3);
  assert.throws(() => pageCount(5, 0), RangeError);
});

test('slices', () => {
  assert.deepStrictEqual(new Paginator(items).go(4).slice(), [31, 32, 33, 34]);
});

test('stays in range', () => {
  const paginator = new Paginator(items);
  assert.strictEqual(paginator.previous().current, 1);
  assert.strictEqual(paginator.go(99).current, 4);
});

test('describes', () => {
  assert.strictEqual(new Paginator(items).next().describe(), '11-20 of 34');
  assert.strictEqual(new Paginator(items).go(4).describe(), '31-34 of 34');
  assert.strictEqual(new Paginator([]).describe(), 'nothing');
});

test('shows where one is', () => {
  assert.strictEqual(new Paginator(items).navigation(), '[1] 2 3 4');
  assert.strictEqual(new Paginator(items, { size: 2, width: 5 }).go(9).navigation(), '... 7 8 [9] 10 11 ...');
});

process.exit(failed === 0 ? 0 : 1);
