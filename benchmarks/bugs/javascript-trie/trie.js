'use strict';

class Node {
  constructor() {
    this.children = new Map();
    this.terminal = false;
  }
}

/** A set of words that finds them by their beginning. */
class Trie {
  constructor(words = []) {
    this.root = new Node();
    this.size = 0;
    for (const word of words) this.add(word);
  }

  /** Add a word; returns whether it is new. */
  add(word) {
    let node = this.root;
    for (const letter of word) {
      if (!node.children.has(letter)) node.children.set(letter, new Node());
      node = node.children.get(letter);
    }
    if (node.terminal) return false;
    node.terminal = true;
    this.size += 1;
    return true;
  }

  find(prefix) {
    let node = this.root;
    for (const letter of prefix) {
      node = node.children.get(letter);
      if (!node) return null;
    }
    return node;
  }

  has(word) {
    return this.find(word)?.terminal ?? false;
  }

  /** Remove a word, and the branches nobody needs any more. */
  delete(word) {
    const path = [this.root];
    for (const letter of word) {
      const next = path.at(-1).children.get(letter);
      if (!next) return false;
      path.push(next);
    }
    const last = path.at(-1);
    if (!last.terminal) return false;
    last.terminal = false;
    this.size -= 1;
    const letters = [...word];
    for (let depth = letters.length; depth > 0; depth -= 1) {
      const child = path[depth];
      if (!child.terminal && child.children.size === 0) {
        path[depth - 1].children.delete(letters[depth - 1]);
      }
    }
    return true;
  }

  /** At most `limit` words that begin with `prefix`, in alphabetical order. */
  complete(prefix, limit = Infinity) {
    const words = [];
    const visit = (node, word) => {
      if (words.length >= limit) return;
      if (node.terminal) words.push(word);
      for (const letter of [...node.children.keys()].sort()) {
        visit(node.children.get(letter), word + letter);
      }
    };
    const start = this.find(prefix);
    if (start) visit(start, prefix);
    return words;
  }
}

module.exports = { Trie };
