"""Limits for the answers of one API server, in bytes and in work.

A limit in bytes alone is not enough: three bytes of JSON can become a list of 56 bytes, and six
bytes a number that takes longer to read than a page of text.
"""

from __future__ import annotations

from typing import NamedTuple

MIB = 1024 * 1024
DEPTH = 128
"""Levels of objects and lists. Schemas of CRDs, the deepest objects in Kubernetes, stay below
70."""


class Budget(NamedTuple):
    """Limits of the answers of one API server."""

    object_bytes: int
    """Bytes of one object, or of any answer that is not a list."""
    list_bytes: int
    """Bytes of one page of a list."""
    line_bytes: int
    """Bytes of one line of a watch."""
    elements: int
    """Values of one untrusted answer; commas in texts are counted as well."""
    page_items: int
    """Objects that are requested for one page of a list."""
    trusted: bool
    """The server is trusted: answers may be compressed (a small one then grows by a factor of a
    thousand), values are not counted, and metadata is not checked. Values too deep are cut off,
    not refused."""

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
"""Limits for the management cluster, which is trusted. etcd keeps objects below 1.5 MiB of
protobuf; as JSON they are a few times that. Only a mistake reaches these limits."""

WORKLOAD = Budget(
    object_bytes=1 * MIB,
    list_bytes=4 * MIB,
    line_bytes=1 * MIB,
    elements=32_768,
    page_items=100,
    trusted=False,
)
"""Limits for a workload cluster, whose administrator may answer anything. The worst object
within them takes about 40 ms to decode (docs/design/performance-at-rest.md)."""
