"""What is told to people in their language: one file of sentences for each, the choice among them.

English stays what the model reads, and what ``--help`` says. Begin with ``language``; ``reports`` tells what
is composed elsewhere in English.
"""
