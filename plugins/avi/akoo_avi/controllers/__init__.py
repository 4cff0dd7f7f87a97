"""The state of Avi Controllers: of AviController objects, and of those that configs name
themselves.

``health`` reads the controller, ``conditions`` derives the conditions; ``reconcile`` and
``configs`` are the two controllers that write them, and ``keeping`` holds AviControllers that are
in use.
"""
