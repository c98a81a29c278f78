"""Recordings: a whole run as a file, and the same run again without network or model (docs/recordings.md)."""
