'use strict';
const test = require('node:test');
const assert = require('node:assert');
const { Store } = require('../src/store');
const { combineReducers, createReducer } = require('../src/reducer');

function sample() {
  return new Store(combineReducers({
    count: createReducer(0, { add: (state, action) => state + action.by }),
    names: createReducer([], { join: (state, action) => [...state, action.name] }),
  }));
}

test('starts with the initial state', () => {
  assert.deepStrictEqual(sample().state, { count: 0, names: [] });
});

test('reduces', () => {
  const store = sample();
  store.dispatch({ type: 'add', by: 2 });
  store.dispatch({ type: 'join', name: 'Ann' });
  assert.deepStrictEqual(store.state, { count: 2, names: ['Ann'] });
});

test('tells about changes only', () => {
  const store = sample();
  const seen = [];
  store.subscribe((state) => seen.push(state.count));
  store.dispatch({ type: 'add', by: 1 });
  store.dispatch({ type: 'unknown' });
  assert.deepStrictEqual(seen, [1]);
});

test('watches one part', () => {
  const store = sample();
  const seen = [];
  const stop = store.watch((state) => state.names.length, (value) => seen.push(value));
  store.dispatch({ type: 'add', by: 1 });
  store.dispatch({ type: 'join', name: 'Bob' });
  stop();
  store.dispatch({ type: 'join', name: 'Cat' });
  assert.deepStrictEqual(seen, [1]);
});

test('reducers must not dispatch', () => {
  const store = new Store((state, action) => {
    if (action.type === 'bad') store.dispatch({ type: 'x' });
    return 0;
  });
  assert.throws(() => store.dispatch({ type: 'bad' }), /must not dispatch/);
});
