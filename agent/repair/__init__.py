"""How a small local model fixes a bug: many small questions, each answer proven by the tests."""
