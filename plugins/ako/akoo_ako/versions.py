"""Version numbers as texts with dots; pure."""

from __future__ import annotations

import functools
import re

_NUMBERS = re.compile(r"\d+(\.\d+)*")


@functools.lru_cache(maxsize=512)
def numbers(version: str) -> tuple[int, ...]:
    """``30.2.1`` of ``30.2.1-2p3`` as numbers; () for a text that does not begin with a number."""
    match = _NUMBERS.match(version.removeprefix("v"))
    return tuple(int(part) for part in match[0].split(".")) if match else ()


def at_least(version: str, minimum: str) -> bool:
    """The dotted number ``version`` is ``minimum`` or above (``22.1`` is ``22.1.0``)."""
    ours, least = numbers(version), numbers(minimum)
    width = max(len(ours), len(least))
    return _padded(ours, width) >= _padded(least, width)


def _padded(parts: tuple[int, ...], width: int) -> tuple[int, ...]:
    return (*parts, *(0,) * (width - len(parts)))
