"""Budgets of answers: how much one API server may cost this process, in bytes and in work.

A limit in bytes alone is none: three bytes of JSON can become a list of 56 bytes, and six bytes a
number that takes longer to read than a page of text.
"""

from __future__ import annotations

from typing import NamedTuple

MIB = 1024 * 1024
DEPTH = 128
"""Levels of objects and lists. Schemas of CRDs, the deepest things in Kubernetes, stay below 70."""


class Budget(NamedTuple):
    """Limits of the answers of one API server."""

    object_bytes: int
    """Of one object, or of any answer that is no list."""
    list_bytes: int
    """Of one page of a list."""
    line_bytes: int
    """Of one line of a watch."""
    elements: int
    """Values of one answer that is not trusted; commas in texts are counted as well."""
    page_items: int
    """Objects that one page of a list asks for."""
    trusted: bool
    """Answers may be compressed (a small one then grows by a factor of a thousand), their elements
    are not counted, and metadata may be what it is. What is too deep is cut off, not refused."""

    def bytes_of(self, verb: str) -> int:
        """The limit of an answer to ``verb`` (``get``, ``list``, ...)."""
        return self.list_bytes if verb == "list" else self.object_bytes


MANAGEMENT = Budget(
    object_bytes=64 * MIB,
    list_bytes=64 * MIB,
    line_bytes=16 * MIB,
    elements=0,
    page_items=500,
    trusted=True,
)
"""Of the management cluster, which is trusted. etcd keeps objects below 1.5 MiB of protobuf; as
JSON they are a few times that. Only a mistake comes to these limits."""

WORKLOAD = Budget(
    object_bytes=1 * MIB,
    list_bytes=4 * MIB,
    line_bytes=1 * MIB,
    elements=32_768,
    page_items=100,
    trusted=False,
)
"""Of a workload cluster, whose administrator may answer anything. The worst object within it takes
about 40 ms to decode (docs/design/performance-at-rest.md)."""
