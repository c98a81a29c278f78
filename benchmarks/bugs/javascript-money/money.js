'use strict';

const CURRENCIES = {
  EUR: { symbol: '€', digits: 2 },
  USD: { symbol: '$', digits: 2 },
  JPY: { symbol: '¥', digits: 0 },
  KWD: { symbol: 'KD', digits: 3 },
};

function currencyOf(code) {
  const currency = CURRENCIES[code];
  if (!currency) throw new RangeError(`unknown currency ${code}`);
  return currency;
}

function group(digits) {
  return digits.replace(/\B(?=(\d{3})+$)/g, ',');
}

/** An amount in a currency, kept as a whole number of its smallest unit. */
class Money {
  constructor(units, code) {
    currencyOf(code);
    if (!Number.isInteger(units)) throw new TypeError('units must be whole');
    this.units = units;
    this.code = code;
  }

  /** Read an amount such as `12.50`. */
  static parse(text, code) {
    const { digits } = currencyOf(code);
    const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
    if (!match || (match[3] ?? '').length > digits) throw new SyntaxError(`bad amount: ${text}`);
    const units = Number(match[2] + (match[3] ?? '').padEnd(digits, '0'));
    return new Money(match[1] ? -units : units, code);
  }

  plus(other) {
    if (other.code !== this.code) throw new TypeError('currencies differ');
    return new Money(this.units + other.units, this.code);
  }

  /** Divide by weights without losing a unit; the first parts get the rest. */
  split(weights) {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const parts = weights.map((weight) => Math.floor((this.units * weight) / total));
    let rest = this.units - parts.reduce((sum, part) => sum + part, 0);
    for (let index = 0; rest > 0; index += 1, rest -= 1) parts[index] += 1;
    return parts.map((units) => new Money(units, this.code));
  }

  toString() {
    const { symbol, digits } = currencyOf(this.code);
    const text = String(Math.abs(this.units)).padStart(digits + 1, '0');
    const whole = group(text.slice(0, text.length - digits));
    const fraction = digits ? '.' + text.slice(-digits) : '';
    return `${this.units < 0 ? '-' : ''}${symbol}${whole}${fraction}`;
  }
}

module.exports = { Money };
