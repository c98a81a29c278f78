// What tests that import node:test get in its place (node_test.cjs); it is copied beside them.
const runner = globalThis.__seedsmith_node_test__;

module.exports = runner;
module.exports.test = runner;
module.exports.it = runner.it;
module.exports.describe = runner.describe;
module.exports.suite = runner.suite;
module.exports.before = runner.before;
module.exports.after = runner.after;
module.exports.beforeEach = runner.beforeEach;
module.exports.afterEach = runner.afterEach;
module.exports.mock = runner.mock;
