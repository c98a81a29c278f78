'use strict';

/** Where an entry for `time` belongs so that entries stay sorted and ties keep their order. */
function insertionIndex(entries, time) {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle].time <= time) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/** A sorted list of things to happen. */
class Timeline {
  constructor() {
    this.entries = [];
  }

  insert(time, payload) {
    this.entries.splice(insertionIndex(this.entries, time), 0, { time, payload });
  }

  remove(predicate) {
    const before = this.entries.length;
    this.entries = this.entries.filter((entry) => !predicate(entry.payload));
    return before - this.entries.length;
  }

  /** Take the first entry if it is due at `time`. */
  takeDue(time) {
    if (this.entries.length === 0 || this.entries[0].time > time) return null;
    return this.entries.shift();
  }
}

module.exports = { Timeline, insertionIndex };
