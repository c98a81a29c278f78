'use strict';
const test = require('node:test');
const assert = require('node:assert');
const { mapLimit, filterLimit, mapBatches, retry } = require('../pool');

test('nothing to do', async () => {
  assert.deepStrictEqual(await mapLimit([], 3, () => assert.fail()), []);
});

test('limit is checked', async () => {
  await assert.rejects(mapLimit([1], 0, () => 1), RangeError);
});

test('retries until it works', async () => {
  const answer = await retry(async (attempt) => {
    if (attempt < 3) throw new Error('not yet');
    return attempt;
  }, 5);
  assert.strictEqual(answer, 3);
});

test('gives up in the end', async () => {
  await assert.rejects(retry(async () => { throw new Error('never'); }, 2), /never/);
});

test('filters in order', async () => {
  assert.deepStrictEqual(await filterLimit([1, 2, 3, 4], 2, async (n) => n % 2 === 1), [1, 3]);
});

test('sums of batches', async () => {
  const sums = await mapBatches([1, 2, 3, 4, 5], 2, async (batch) => [batch.reduce((a, b) => a + b)]);
  assert.deepStrictEqual(sums, [3, 7, 5]);
});
