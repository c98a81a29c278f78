"""What people and programs see: the console, JSON lines, the questions at the terminal.

Front ends take events and give answers; they start nothing and decide nothing. Begin with ``console``.
What is offered at an editor's cursor is in ``completion``.
"""
