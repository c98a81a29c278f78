"""A batch on a Ray cluster: attempts are made on its nodes, everything else stays with who runs the batch.

``engine`` submits an attempt as a Ray task, ``task`` is what Ray runs on a node, ``node`` the process that it
starts there and that makes the attempt; ``transfer`` is what travels. ``gates`` limits the requests to each
service over all nodes, as an actor; ``remote_gate`` is what a node's process has of it. Only ``engine`` and
``ray_gates`` use ray.
The items' database, repositories and deliveries are touched by no node, so a task that is lost, or made
twice, changes nothing. Begin with ``engine.py``.
"""
