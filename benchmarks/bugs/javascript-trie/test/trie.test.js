'use strict';
const test = require('node:test');
const assert = require('node:assert');
const { Trie } = require('../trie');

test('adds words once', () => {
  const trie = new Trie();
  assert.ok(trie.add('tea'));
  assert.ok(!trie.add('tea'));
  assert.strictEqual(trie.size, 1);
});

test('a beginning is no word', () => {
  const trie = new Trie(['tea']);
  assert.ok(!trie.has('te'));
  assert.ok(trie.has('tea'));
});

test('completes in order', () => {
  const trie = new Trie(['ten', 'tea', 'to', 'in']);
  assert.deepStrictEqual(trie.complete('te'), ['tea', 'ten']);
  assert.deepStrictEqual(trie.complete('x'), []);
});

test('deleting cleans up branches', () => {
  const trie = new Trie(['team']);
  assert.ok(trie.delete('team'));
  assert.strictEqual(trie.root.children.size, 0);
});

test('deleting the longest leaves the shorter ones', () => {
  const trie = new Trie(['tea', 'team', 'teams']);
  trie.delete('teams');
  assert.deepStrictEqual(trie.complete(''), ['tea', 'team']);
});

test('deleting an unknown word', () => {
  const trie = new Trie(['tea']);
  assert.ok(!trie.delete('te'));
  assert.ok(!trie.delete('coffee'));
  assert.strictEqual(trie.size, 1);
});
