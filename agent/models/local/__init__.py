"""Models that run on this machine: pulled once, served by a child process, asked like any other."""
