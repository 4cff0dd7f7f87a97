"""How Avi Controllers are: AviController objects, and those that configs name by themselves.

``declared`` is an AviController as its author wrote it, ``health`` what was found on the outside,
``judge`` the conditions that follow; ``reconcile`` and ``configs`` are the two controllers.
"""
