"""Which version of Seedsmith this is."""

VERSION = "0.1.0"
