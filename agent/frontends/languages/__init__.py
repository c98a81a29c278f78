"""What is told to people in their language: one file of sentences for each, the choice among them.

English stays what the model and other programs read. Begin with ``language``; ``reports`` tells what is
composed elsewhere in English, and what the commands' help says.
"""
