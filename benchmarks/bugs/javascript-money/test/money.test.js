'use strict';
const test = require('node:test');
const assert = require('node:assert');
const { Money } = require('../money');

test('prints cents', () => {
  assert.strictEqual(String(new Money(123456789, 'USD')), '$1,234,567.89');
  assert.strictEqual(String(new Money(-5, 'EUR')), '-€0.05');
});

test('prints other currencies', () => {
  assert.strictEqual(String(new Money(1234, 'KWD')), 'KD1.234');
  assert.strictEqual(String(new Money(98000, 'JPY')), '¥98,000');
});

test('parses', () => {
  assert.strictEqual(Money.parse('12.5', 'EUR').units, 1250);
  assert.strictEqual(Money.parse('-3', 'USD').units, -300);
  assert.throws(() => Money.parse('1.234', 'EUR'), SyntaxError);
});

test('adds', () => {
  assert.strictEqual(String(new Money(1, 'EUR').plus(new Money(2, 'EUR'))), '€0.03');
  assert.throws(() => new Money(1, 'EUR').plus(new Money(2, 'USD')), TypeError);
});

test('splits without loss', () => {
  const parts = new Money(100, 'EUR').split([1, 1, 1]).map((part) => part.units);
  assert.deepStrictEqual(parts, [34, 33, 33]);
});

test('knows its currencies', () => {
  assert.throws(() => new Money(1, 'XXX'), RangeError);
});
