"""Scripted tasks over many repositories: each item in a private clone, proven, then delivered as one branch.

A batch's state is one SQLite database; workers take items from it, and whatever is killed, the next run goes
on from there. Nothing here prints or reads the keyboard. Begin with ``batch``; what a task file may say is in
``task_file``, what becomes of one repository in ``item``.
"""
