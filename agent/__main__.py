"""``python -m agent``: the same as the ``seedsmith`` command."""

from agent.cli import entry

if __name__ == "__main__":
    entry()
