'use strict';
const test = require('node:test');
const assert = require('node:assert');
const { Router } = require('../src/router');

function sample() {
  return new Router()
    .add('GET', '/users/:id', ({ id }) => `user ${id}`)
    .add('GET', '/users/new', () => 'form')
    .add('POST', '/users', () => 'created')
    .add('GET', '/files/*', ({ rest }) => `file ${rest}`);
}

test('parameters', () => {
  assert.deepStrictEqual(sample().handle('GET', '/users/a%20b'), { status: 200, body: 'user a b' });
});

test('wildcard', () => {
  assert.strictEqual(sample().handle('GET', '/files/a/b.txt').body, 'file a/b.txt');
});

test('not found', () => {
  assert.strictEqual(sample().handle('GET', '/').status, 404);
});

test('method not allowed', () => {
  assert.deepStrictEqual(sample().handle('DELETE', '/users'), { status: 405, body: 'POST' });
});

test('the form is found', () => {
  assert.strictEqual(sample().handle('GET', '/users/new').body, 'form');
});

test('allowed methods', () => {
  assert.deepStrictEqual(sample().allowed('/users/7'), ['GET']);
});
