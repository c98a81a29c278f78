"""Evaluates arithmetic expressions."""
