"""One whole run: opens what it needs, lets the loop or the repair work, and says what came of it.

How turns go on and how calls are carried out belongs to the rooms below. Begin with ``run``;
what is open before anything is sent is ``open_run``. Both sides of a fix are judged in ``proof``.
"""
