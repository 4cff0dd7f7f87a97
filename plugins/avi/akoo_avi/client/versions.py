"""Releases of the Avi Controller, and the version of the API for requests. Pure."""

from __future__ import annotations

import re

NEWEST_TESTED = "31.2.2"
OLDEST = "22.1.3"
"""The oldest release that is supported; requested from a controller of unknown release."""
_NUMBERS = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


def parse(text: str) -> tuple[int, int, int] | None:
    """``30.2.2``, also with a build behind it, as numbers; None if it is no version."""
    match = _NUMBERS.match(text.strip())
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None


def requested(controller: str, newest_tested: str = NEWEST_TESTED) -> str:
    """The X-Avi-Version: the controller's own version, at most the newest we know.

    It is never left out: a controller then answers in the schema of its oldest version.
    """
    own = parse(controller) or parse(OLDEST)
    most = parse(newest_tested)
    if own is None or most is None:
        raise ValueError(f'"{newest_tested}" is no version')
    return ".".join(str(number) for number in min(own, most))
