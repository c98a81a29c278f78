'use strict';

/** Remembers commands so that they can be undone and done again. */
class History {
  constructor(limit = 100) {
    this.limit = limit;
    this.done = [];
    this.undone = [];
  }

  /** Run a command `{apply, revert}` and remember it. */
  execute(command) {
    command.apply();
    this.done.push(command);
    this.undone = [];
    if (this.done.length > this.limit) {
      this.done.shift();
    }
  }

  undo() {
    const command = this.done.pop();
    if (!command) return false;
    command.revert();
    this.undone.push(command);
    return true;
  }

  redo() {
    const command = this.undone.pop();
    if (!command) return false;
    command.apply();
    this.done.push(command);
    return true;
  }
}

/** A text with undo. */
class Editor {
  constructor(text = '', limit = 100) {
    this.text = text;
    this.history = new History(limit);
  }

  replace(start, end, replacement) {
    const before = this.text;
    const after = before.slice(0, start) + replacement + before.slice(end);
    this.history.execute({
      apply: () => { this.text = after; },
      revert: () => { this.text = before; },
    });
    return this;
  }

  insert(position, text) {
    return this.replace(position, position, text);
  }

  append(text) {
    return this.insert(this.text.length, text);
  }

  undo(steps = 1) {
    let count = 0;
    while (count < steps && this.history.undo()) count += 1;
    return count;
  }

  redo(steps = 1) {
    let count = 0;
    while (count < steps && this.history.redo()) count += 1;
    return count;
  }
}

module.exports = { History, Editor };
