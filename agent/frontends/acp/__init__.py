"""The Agent Client Protocol: an editor starts ``seedsmith acp`` and talks with it over pipes.

The protocol is the library ``agent-client-protocol``'s, which only this room imports. Each prompt is a run
that goes on with one session, as in ``frontends/conversation``; what happens reaches the editor as events do
any front end. Nothing of the editor's is run or written (docs/editors.md). Begin with ``editor_agent``.
"""
