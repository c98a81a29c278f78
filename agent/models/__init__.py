"""Asking models: the catalog of services, the two wires, the network below them, the local model.

A model is asked once and streams parts until it is done (``base``); turns are no matter of this room.
Begin with ``open``.
"""
