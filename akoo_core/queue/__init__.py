"""The work queue: the order and the times of keys. ``core`` decides, the other modules wait."""
