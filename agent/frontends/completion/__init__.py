"""Code completion: what goes at the cursor, asked of a chat model or of the local model's own gap tokens.

Nothing here knows an editor, and nothing here writes a file. Begin with ``completer``; what an answer is
cut to before anybody sees it is in ``trim``.
"""
