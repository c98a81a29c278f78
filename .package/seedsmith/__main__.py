"""``python -m seedsmith``: the same as the ``seedsmith`` command."""

from seedsmith.agent.cli import entry

if __name__ == "__main__":
    entry()
