'use strict';
const { Timeline } = require('./timeline');

/** Runs tasks on a clock that only moves when told to. */
class Scheduler {
  constructor() {
    this.now = 0;
    this.nextId = 1;
    this.timeline = new Timeline();
  }

  /** Run `task` once after `delay`; returns an id for `cancel`. */
  after(delay, task) {
    return this.plan(delay, task, null);
  }

  /** Run `task` again and again, every `period`. */
  every(period, task) {
    if (period <= 0) throw new RangeError('period must be positive');
    return this.plan(period, task, period);
  }

  plan(delay, task, period) {
    const id = this.nextId++;
    this.timeline.insert(this.now + delay, { id, task, period });
    return id;
  }

  cancel(id) {
    return this.timeline.remove((payload) => payload.id === id) > 0;
  }

  /** Move the clock on by `duration` and run what becomes due, each task at its own time. */
  advance(duration) {
    const end = this.now + duration;
    for (let entry = this.timeline.takeDue(end); entry; entry = this.timeline.takeDue(end)) {
      this.now = entry.time;
      const { task, period } = entry.payload;
      if (period !== null) this.timeline.insert(this.now + period, entry.payload);
      task(this.now);
    }
    this.now = end;
  }
}

module.exports = { Scheduler };
