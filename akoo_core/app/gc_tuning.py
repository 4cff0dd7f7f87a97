"""How often Python looks for cycles of dead objects: by its defaults, far too often for us.

An attempt makes and drops some thousand small objects, hardly any of them in cycles, and by default
Python looks every 700. Each tenth look goes through more, each hundredth through all, modules
included, which never go.
"""

from __future__ import annotations

import gc
from typing import Final

NEW: Final = 10_000
"""More objects made than dropped, before the new ones are looked through: a megabyte or two."""
LOOKS: Final = 20
"""So many looks at the new before one at what has survived one, and so on."""


def settle() -> None:
    """To be called once, when all code is loaded: what is there by now is not looked through."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW, LOOKS, LOOKS)
