"""What commands must leave as it is: git's metadata and the agent's own configuration.

Compared and put back after each command where the kernel can't hold it. Begin with ``kept_files``.
"""
