"""One line per figure: minimum, median and maximum of its samples."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def show(name: str, unit: str, samples: Sequence[float], goal: str = "") -> None:
    """Print ``name``, the three numbers and, if there is one, the goal it is held against."""
    low, middle, high = min(samples), statistics.median(samples), max(samples)
    held = f"   goal {goal}" if goal else ""
    print(f"{name:<56} {low:9.3f} {middle:9.3f} {high:9.3f} {unit}  (n={len(samples)}){held}")
