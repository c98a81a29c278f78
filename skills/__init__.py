"""Know-how in folders: manifests, their loader and the built-in library."""
