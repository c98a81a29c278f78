"""Skills, which are folders of instructions and programs: manifests, their loader, the built-in library."""
