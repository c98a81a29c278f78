'use strict';
const test = require('node:test');
const assert = require('node:assert');
const { expand } = require('../template');

test('simple values', () => {
  assert.strictEqual(expand('/users/{id}', { id: 'a b' }), '/users/a%20b');
});

test('reserved characters', () => {
  assert.strictEqual(expand('{+base}x', { base: 'http://e.org/' }), 'http://e.org/x');
});

test('missing values vanish', () => {
  assert.strictEqual(expand('/list{?page,sort}', { sort: 'name' }), '/list?sort=name');
  assert.strictEqual(expand('/list{?page}', { page: null }), '/list');
});

test('pages are counted from zero', () => {
  assert.strictEqual(expand('/list{?page,size}', { page: 0, size: 20 }), '/list?page=0&size=20');
});

test('lists', () => {
  assert.strictEqual(expand('{?tag*}', { tag: ['a', 'b'] }), '?tag=a&tag=b');
  assert.strictEqual(expand('{/path*}', { path: ['x', 'y'] }), '/x/y');
});

test('prefixes', () => {
  assert.strictEqual(expand('{word:3}', { word: 'elephant' }), 'ele');
});
