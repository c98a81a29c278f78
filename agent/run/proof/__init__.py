"""Proof of a fix on both sides, the code as it was and as it is, and what was done to the tests meanwhile.

No model is asked here, and nothing is changed but folders of the session's own. Begin with ``both_sides``;
what was done to the tests is in ``weakened_tests``.
"""
