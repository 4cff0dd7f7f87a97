"""Requests and answers as values: what the pure controller takes and gives."""

import dataclasses
import functools
import json
import typing
import urllib.parse
from collections.abc import Mapping

Query = tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request."""

    method: str
    target: str
    """Path and query as on the wire."""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Names in lower case; repeated Cookie headers joined by "; "."""
    body: bytes = b""
    origin: str = "https://controller"
    """Scheme and host under which the client knows the controller."""
    peer: str = "127.0.0.1"
    """The client's address."""

    @property
    def path(self) -> str:
        """Without query, doubled and trailing slashes: Go clients build `//api/...`."""
        return _path(self.target)

    @property
    def query(self) -> Query:
        """Parameters in their order; one without a value has the value ""."""
        return _query(self.target)


# Each part of the controller asks anew for the path and the parameters of the same request.


@functools.lru_cache(maxsize=256)
def _path(target: str) -> str:
    path = urllib.parse.unquote(target.partition("?")[0])
    return "/" + "/".join(part for part in path.split("/") if part)


@functools.lru_cache(maxsize=256)
def _query(target: str) -> Query:
    text = target.partition("?")[2]
    return tuple(urllib.parse.parse_qsl(text, keep_blank_values=True)) if text else ()


@dataclasses.dataclass(slots=True, kw_only=True)
class Response:
    """One HTTP answer; `drop` means that none is sent and the connection is cut."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    reason: str | None = None
    headers: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    drop: bool = False

    @property
    def json(self) -> typing.Any:
        """The body, decoded."""
        return json.loads(self.body)


def answer(value: typing.Any, status: int = 200) -> Response:
    """An answer with a JSON body."""
    return Response(status=status, body=json.dumps(value).encode())
