// What tests that import node:test get in its place (node_test.cjs); it is copied beside them.
const runner = globalThis.__seedsmith_node_test__;

export default runner;
export const { test, it, describe, suite, before, after, beforeEach, afterEach, mock } = runner;
