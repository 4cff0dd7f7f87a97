"""The lines of a watch: from chunks of bytes to typed events. The pure half of watching."""

from __future__ import annotations

from collections.abc import Iterator

from akoo_core import structs
from akoo_core.kube import client, errors, statuses
from akoo_core.kube.request import Request

LINE_LIMIT = 16 * 1024 * 1024
"""Bytes. etcd keeps objects below 1.5 MiB of protobuf; as JSON they are a few times that."""

_TYPES = frozenset({"ADDED", "MODIFIED", "DELETED", "BOOKMARK"})


class LineSplitter:
    """Cuts chunks into lines without copying a long line again with every chunk."""

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The lines that ``chunk`` completes. Raises OverflowError past the limit."""
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            self._keep(chunk[start:end])
            line = b"".join(self._parts)
            self._parts, self._size = [], 0
            if line.strip():
                yield line
            start = end + 1
        self._keep(chunk[start:])

    @property
    def pending(self) -> bool:
        """Whether a line has begun and not ended."""
        return any(part.strip() for part in self._parts)

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._limit:
            raise OverflowError(f"a line is longer than {self._limit} bytes")
        if part:
            self._parts.append(part)


def lines_of(splitter: LineSplitter, chunk: bytes, request: Request) -> Iterator[bytes]:
    """``splitter.feed(chunk)``, with an error that names the watch."""
    try:
        yield from splitter.feed(chunk)
    except OverflowError as error:
        raise errors.ServerError(str(error), request=str(request)) from error


def event_of(line: bytes, request: Request) -> client.WatchEvent:
    """The event in ``line``. Raises what an ERROR event says, or ServerError for anything else."""
    try:
        value = structs.decode_json(line)
        kind, obj = value["type"], value["object"]
        is_object = isinstance(obj, dict)
    except (structs.DecodeError, KeyError, TypeError) as error:
        message = "the watch answered with something that is not a watch event"
        raise errors.ServerError(message, request=str(request)) from error
    if kind == "ERROR" and is_object:
        raise statuses.event_error(obj, request)
    if kind not in _TYPES or not is_object or "metadata" not in obj:
        message = "the watch answered with an event of an unknown type"
        raise errors.ServerError(message, request=str(request))
    # Metadata-only events say PartialObjectMetadata; readers ask by the kind they watch.
    obj["apiVersion"], obj["kind"] = request.resource.api_version, request.resource.kind
    return client.WatchEvent(kind, obj)
