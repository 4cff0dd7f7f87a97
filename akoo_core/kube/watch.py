"""The lines of a watch: from chunks of bytes to typed events. The pure half of watching."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from akoo_core import structs
from akoo_core.kube import answers, budget, client, errors, statuses
from akoo_core.kube.budget import Budget
from akoo_core.kube.request import ServerRequest


class _Event(structs.Struct, frozen=True, kw_only=True):
    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
    object: structs.JSON


class LineSplitter:
    """Cuts chunks into lines without copying a long line again with every chunk."""

    def __init__(self, limit: int = budget.MANAGEMENT.line_bytes) -> None:
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
        """A line has begun and not ended."""
        return any(part.strip() for part in self._parts)

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._limit:
            raise OverflowError(f"a line is longer than {self._limit} bytes")
        if part:
            self._parts.append(part)


def lines_of(splitter: LineSplitter, chunk: bytes, request: ServerRequest) -> Iterator[bytes]:
    """``splitter.feed(chunk)``, with an error that names the watch."""
    try:
        yield from splitter.feed(chunk)
    except OverflowError as error:
        raise errors.ServerError(str(error), request=str(request)) from error


def event_of(
    line: bytes, request: ServerRequest, budget: Budget = budget.MANAGEMENT
) -> client.WatchEvent:
    """The event in ``line``. Raises the error of an ERROR event, or ServerError for anything
    else."""
    try:
        value = answers.object_of(line, budget)
        kind, obj = value.get("type"), value.get("object")
        if kind == "ERROR" and isinstance(obj, dict):
            raise statuses.event_error(obj, request)
        event = structs.convert(value, _Event)
        answers.with_metadata(event.object)
    except structs.DecodeError as error:
        message = "the watch answered with something that is not a watch event"
        raise errors.ServerError(message, request=str(request)) from error
    # Metadata-only events say PartialObjectMetadata; readers ask by the kind they watch.
    resource = request.resource
    event.object["apiVersion"], event.object["kind"] = resource.api_version, resource.kind
    return client.WatchEvent(event.type, event.object)
