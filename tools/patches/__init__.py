"""Patches: reading their two forms, finding where hunks belong, and applying all files or none."""
