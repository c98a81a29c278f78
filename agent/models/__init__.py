"""The models: a catalog, the wires they speak, and the local one."""
