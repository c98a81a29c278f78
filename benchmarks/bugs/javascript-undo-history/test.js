'use strict';
const assert = require('node:assert');
const { Editor } = require('./history');

const tests = {
  'edits text'() {
    const editor = new Editor('hello');
    editor.append(' world').replace(0, 1, 'H');
    assert.strictEqual(editor.text, 'Hello world');
  },
  'undoes in reverse order'() {
    const editor = new Editor('a').append('b').append('c');
    assert.strictEqual(editor.undo(), 1);
    assert.strictEqual(editor.text, 'ab');
    assert.strictEqual(editor.undo(5), 1);
    assert.strictEqual(editor.text, 'a');
  },
  'redoes'() {
    const editor = new Editor().append('x').append('y');
    editor.undo(2);
    assert.strictEqual(editor.redo(), 1);
    assert.strictEqual(editor.text, 'x');
  },
  'forgets beyond the limit'() {
    const editor = new Editor('', 2).append('a').append('b').append('c');
    assert.strictEqual(editor.undo(3), 2);
    assert.strictEqual(editor.text, 'a');
  },
  'a new edit ends the redoing'() {
    const editor = new Editor().append('one').append(' two');
    editor.undo();
    editor.append(' three');
    assert.strictEqual(editor.redo(), 0);
    assert.strictEqual(editor.text, 'one three');
  },
};

let failures = 0;
for (const [name, body] of Object.entries(tests)) {
  try {
    body();
    console.log(`pass: ${name}`);
  } catch (error) {
    failures += 1;
    console.log(`FAIL: ${name}`);
    console.log(error.stack.split('\n').slice(0, 12).join('\n'));
  }
}
console.log(`${Object.keys(tests).length - failures} passed, ${failures} failed`);
process.exitCode = failures > 0 ? 1 : 0;
