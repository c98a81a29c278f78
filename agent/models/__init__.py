"""Sends requests to models: the catalog of services, the two wires, the network below them, the local model.

A model gets one request and streams parts until its answer is complete (``base``). Turns are not handled
here. Begin with ``open``.
"""
