"""The browser tool: a Chromium in the sandbox, driven from outside of it, and what the model is shown.

What a page holds is data of strangers, and is marked as such. Nothing here decides how programs are
confined. Begin with ``browser_tool``.
"""
