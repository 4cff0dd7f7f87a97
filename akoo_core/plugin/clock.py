"""Time as a value that tests can hold still."""

from akoo_core.clock import Clock, ManualClock, SystemClock

__all__ = [
    "Clock",
    "ManualClock",
    "SystemClock",
]
