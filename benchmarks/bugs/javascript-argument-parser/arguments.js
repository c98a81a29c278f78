'use strict';

class UsageError extends Error {}

function convert(name, type, text) {
  switch (type) {
    case 'number': {
      const number = Number(text);
      if (text === '' || Number.isNaN(number)) throw new UsageError(`--${name}: not a number: ${text}`);
      return number;
    }
    case 'boolean':
      if (!['true', 'false'].includes(text)) throw new UsageError(`--${name}: true or false, not ${text}`);
      return text === 'true';
    default:
      return text;
  }
}

function defaultsOf(options) {
  const values = {};
  for (const [name, option] of Object.entries(options)) {
    if (option.multiple) values[name] = [];
    else if ('default' in option) values[name] = option.default;
    else if (option.type === 'boolean') values[name] = false;
  }
  return values;
}

function findOption(options, flag) {
  for (const [name, option] of Object.entries(options)) {
    if (flag === `--${name}` || (option.short && flag === `-${option.short}`)) return [name, option];
  }
  throw new UsageError(`unknown option ${flag}`);
}

/**
 * Read command line words. `options` maps a name to `{type, short, multiple, default}`;
 * returns `{values, rest}`.
 */
function parseArguments(words, options) {
  const values = defaultsOf(options);
  const rest = [];
  const queue = [...words];
  while (queue.length > 0) {
    const word = queue.shift();
    if (word === '--') {
      rest.push(...queue);
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      rest.push(word);
      continue;
    }
    const equals = word.indexOf('=');
    const flag = equals === -1 ? word : word.slice(0, equals);
    let value = equals === -1 ? undefined : word.slice(equals + 1);
    const [name, option] = findOption(options, flag);
    if (option.type === 'boolean' && value === undefined) {
      value = 'true';
    } else if (value === undefined) {
      if (queue.length === 0) throw new UsageError(`${flag} needs a value`);
      value = queue.shift();
    }
    const converted = convert(name, option.type, value);
    if (option.multiple) values[name].push(converted);
    else values[name] = converted;
  }
  return { values, rest };
}

module.exports = { parseArguments, UsageError };
