'use strict';

/** A map with room for `capacity` entries that live for `lifetime` milliseconds. */
class Store {
  constructor({ capacity = 100, lifetime = Infinity, clock = Date.now } = {}) {
    this.capacity = capacity;
    this.lifetime = lifetime;
    this.clock = clock;
    this.entries = new Map();
    this.statistics = { hits: 0, misses: 0, evictions: 0 };
  }

  get size() {
    return this.entries.size;
  }

  isFresh(entry) {
    return this.clock() < entry.expires;
  }

  get(key) {
    const entry = this.entries.get(key);
    if (!entry || !this.isFresh(entry)) {
      this.entries.delete(key);
      this.statistics.misses += 1;
      return undefined;
    }
    this.statistics.hits += 1;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  set(key, value) {
    this.entries.delete(key);
    this.entries.set(key, { value, expires: this.clock() + this.lifetime });
    this.shrink();
    return this;
  }

  /** Drop the oldest entries until the rest fits. */
  shrink() {
    while (this.entries.size > this.capacity) {
      const oldest = this.entries.keys().next().value;
      this.entries.delete(oldest);
      this.statistics.evictions += 1;
    }
  }

  /** Drop what has expired; returns how many entries went. */
  prune() {
    const before = this.entries.size;
    for (const [key, entry] of this.entries) {
      if (!this.isFresh(entry)) this.entries.delete(key);
    }
    return before - this.entries.size;
  }

  keys() {
    return [...this.entries.keys()];
  }
}

/** Remember what `compute(key)` returned. */
function memoize(compute, options) {
  const store = new Store(options);
  return (key) => {
    const known = store.get(key);
    if (known !== undefined) return known;
    const value = compute(key);
    store.set(key, value);
    return value;
  };
}

module.exports = { Store, memoize };
