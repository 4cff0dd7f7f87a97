"""The work queue: which key is worked on next, and when. ``core`` decides, the rest waits."""
