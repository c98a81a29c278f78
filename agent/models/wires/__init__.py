"""The two wires: what is sent over each, and how an answer is assembled from what comes.

Pure but for the model classes in ``chat`` and ``responses``. Begin there.
"""
