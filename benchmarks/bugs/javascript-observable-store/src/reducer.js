'use strict';

/** Make one reducer of several, each in charge of one key. */
function combineReducers(reducers) {
  return (state = {}, action) => {
    const next = {};
    let changed = Object.keys(state).length !== Object.keys(reducers).length;
    for (const [key, reducer] of Object.entries(reducers)) {
      next[key] = reducer(state[key], action);
      changed = changed || next[key] !== state[key];
    }
    return changed ? next : state;
  };
}

/** A reducer that knows its actions by name; others change nothing. */
function createReducer(initial, handlers) {
  return (state = initial, action) => {
    const handler = handlers[action.type];
    return handler ? handler(state, action) : state;
  };
}

module.exports = { combineReducers, createReducer };
