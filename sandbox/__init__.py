"""Where work happens: a folder, its isolation and its past. Knows no tool and no model."""
