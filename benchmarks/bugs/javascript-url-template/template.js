'use strict';

const OPERATORS = {
  '': { first: '', separator: ',', named: false, reserved: false },
  '+': { first: '', separator: ',', named: false, reserved: true },
  '/': { first: '/', separator: '/', named: false, reserved: false },
  '?': { first: '?', separator: '&', named: true, reserved: false },
  '&': { first: '&', separator: '&', named: true, reserved: false },
  '#': { first: '#', separator: ',', named: false, reserved: true },
};

function encode(value, reserved) {
  return reserved ? encodeURI(value) : encodeURIComponent(value);
}

/** Cut `name:3*` into its parts. */
function parseVariable(text) {
  const match = /^(\w+)(?::(\d+))?(\*)?$/.exec(text);
  if (!match) throw new SyntaxError(`bad variable: ${text}`);
  return { name: match[1], length: match[2] ? Number(match[2]) : Infinity, explode: match[3] === '*' };
}

/** The strings that one variable contributes. */
function expandVariable(variable, value, operator) {
  const items = Array.isArray(value) ? value : [String(value).slice(0, variable.length)];
  const encoded = items.map((item) => encode(item, operator.reserved));
  if (variable.explode) {
    return encoded.map((item) => (operator.named ? `${variable.name}=${item}` : item));
  }
  const joined = encoded.join(',');
  return [operator.named ? `${variable.name}=${joined}` : joined];
}

function expandExpression(expression, values) {
  const symbol = expression[0] in OPERATORS ? expression[0] : '';
  const operator = OPERATORS[symbol];
  const parts = [];
  for (const text of expression.slice(symbol.length).split(',')) {
    const variable = parseVariable(text);
    const value = values[variable.name];
    if (value === undefined || value === null) continue;
    parts.push(...expandVariable(variable, value, operator));
  }
  return parts.length > 0 ? operator.first + parts.join(operator.separator) : '';
}

/** Expand a URI template (RFC 6570, levels 1 to 3 and lists). */
function expand(template, values) {
  return template.replace(/\{([^{}]+)\}/g, (_, expression) => expandExpression(expression, values));
}

module.exports = { expand };
