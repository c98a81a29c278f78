'use strict';

/** Wait for `milliseconds` on the event loop. */
function delay(milliseconds, value) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds, value));
}

/**
 * Call `worker(item, index)` for every item, at most `limit` at a time.
 * Results come in the order of the items; the first error stops the rest.
 */
async function mapLimit(items, limit, worker) {
  if (limit < 1) throw new RangeError('limit must be at least 1');
  const results = new Array(items.length);
  let next = 0;
  let failed = false;
  async function run() {
    while (next < items.length && !failed) {
      const index = next++;
      try {
        results[index] = await worker(items[index], index);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  }
  const runners = Array.from({ length: Math.min(limit, items.length) }, run);
  await Promise.all(runners);
  return results;
}

/** Like `mapLimit`, but keeps the items for which `predicate` says yes. */
async function filterLimit(items, limit, predicate) {
  const verdicts = await mapLimit(items, limit, predicate);
  return items.filter((_, index) => verdicts[index]);
}

/** Call `task` until it succeeds, at most `attempts` times. */
async function retry(task, attempts, pause = 0) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await task(attempt);
    } catch (error) {
      if (attempt >= attempts) throw error;
      await delay(pause);
    }
  }
}

/** Split `items` into batches of `size` and map each batch as a whole. */
async function mapBatches(items, size, worker) {
  const batches = [];
  for (let start = 0; start < items.length; start += size) {
    batches.push(items.slice(start, start + size));
  }
  const results = await mapLimit(batches, 2, worker);
  return results.flat();
}

module.exports = { delay, mapLimit, filterLimit, retry, mapBatches };
