'use strict';

/** Calls listeners by event name; `*` hears everything. */
class Emitter {
  constructor() {
    this.listeners = new Map();
  }

  /** Add a listener; returns a function that takes it away again. */
  on(event, listener) {
    if (typeof listener !== 'function') {
      throw new TypeError('listener must be a function');
    }
    if (!this.listeners.has(event)) {
      this.listeners.set(event, []);
    }
    this.listeners.get(event).push(listener);
    return () => this.off(event, listener);
  }

  /** Add a listener that hears one event only. */
  once(event, listener) {
    const wrapper = (...args) => {
      this.off(event, wrapper);
      listener(...args);
    };
    return this.on(event, wrapper);
  }

  off(event, listener) {
    const list = this.listeners.get(event);
    if (!list) return false;
    const index = list.indexOf(listener);
    if (index === -1) return false;
    list.splice(index, 1);
    if (list.length === 0) this.listeners.delete(event);
    return true;
  }

  /** Call the listeners of `event`; returns how many there were. */
  emit(event, ...args) {
    const direct = [...(this.listeners.get(event) ?? [])];
    const general = event === '*' ? [] : [...(this.listeners.get('*') ?? [])];
    for (const listener of direct) listener(...args);
    for (const listener of general) listener(event, ...args);
    return direct.length + general.length;
  }

  count(event) {
    return this.listeners.get(event)?.length ?? 0;
  }
}

/** Forward `events` from one emitter to another; returns a function that stops it. */
function forward(events, source, target) {
  const stops = events.map((event) => source.on(event, (...args) => target.emit(event, ...args)));
  return () => stops.forEach((stop) => stop());
}

module.exports = { Emitter, forward };
