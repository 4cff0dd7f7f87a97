"""One HTTP request to an API server as a value, ready to be sent, and sent again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from akoo_core import structs
from akoo_core.kube.request import Request

JSON = "application/json"

_METHODS = {
    "get": "GET",
    "list": "GET",
    "watch": "GET",
    "create": "POST",
    "update": "PUT",
    "patch": "PATCH",
    "apply": "PATCH",
    "delete": "DELETE",
}


class Call(NamedTuple):
    """One HTTP request, ready to be sent (again)."""

    operation: str
    method: str
    path: str
    subject: str = ""
    """The object or path, for spans and logs."""
    write: bool = False
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {"Accept": JSON}
    body: bytes | None = None
    about: Request | str = ""
    """The request that errors name."""

    @property
    def verb(self) -> str:
        """``get``, ``list``, ``apply``: the first word of the operation."""
        return self.operation.partition(" ")[0]

    def __str__(self) -> str:
        return str(self.about or self.path)

    @classmethod
    def of(
        cls,
        request: Request,
        *,
        query: Mapping[str, str],
        body: Any,
        content_type: str,
        accept: str,
    ) -> Call:
        headers = {"Accept": accept}
        return cls(
            request.operation,
            _METHODS[request.verb],
            request.path,
            request.target,
            request.write,
            query,
            headers if body is None else headers | {"Content-Type": content_type},
            None if body is None else structs.encode_json(body),
            request,
        )
