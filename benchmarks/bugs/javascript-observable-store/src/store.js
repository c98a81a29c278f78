'use strict';

/** Holds a state that changes through actions only, and tells those who listen. */
class Store {
  constructor(reducer) {
    this.reducer = reducer;
    this.listeners = new Set();
    this.dispatching = false;
    this.state = reducer(undefined, { type: '@@init' });
  }

  /** Call `listener(state, previous)` after each change; returns a function that ends it. */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  dispatch(action) {
    if (this.dispatching) throw new Error('a reducer must not dispatch');
    const previous = this.state;
    this.dispatching = true;
    try {
      this.state = this.reducer(previous, action);
    } finally {
      this.dispatching = false;
    }
    if (this.state !== previous) {
      for (const listener of [...this.listeners]) listener(this.state, previous);
    }
    return action;
  }

  /** Call `listener(value)` when what `selector` picks changes. */
  watch(selector, listener) {
    let current = selector(this.state);
    return this.subscribe((state) => {
      const value = selector(state);
      if (value !== current) {
        current = value;
        listener(value);
      }
    });
  }
}

module.exports = { Store };
