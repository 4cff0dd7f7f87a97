"""Resource versions, compared."""

from __future__ import annotations


def newer(version: str, than: str) -> bool | None:
    """True if ``version`` is later than ``than``; None when one of them is not a number.

    Resource versions of one kind may be compared as integers (KEP-5504, Kubernetes 1.35); API
    servers outside of that rule exist, so callers treat None as "possibly later".
    """
    if not (version.isdecimal() and than.isdecimal()):
        return None
    return int(version) > int(than)
