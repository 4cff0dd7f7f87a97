"""Tuning of Python's garbage collector, which by default runs far too often for this process.

An attempt makes and drops some thousand small objects, hardly any of them in cycles. By default
Python collects after every 700: each tenth run covers more objects, each hundredth covers all,
including modules, which are never freed.
"""

from __future__ import annotations

import gc
from typing import Final

NEW: Final = 10_000
"""Surplus of new objects that starts a collection of the new ones: a megabyte or two."""
LOOKS: Final = 20
"""Collections of one generation before a collection of the next older one."""


def settle() -> None:
    """Call it once, when all code is loaded: objects made before are never collected."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW, LOOKS, LOOKS)
