"""One HTTP request to an API server as a value, ready to be sent, and sent again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from akoo_core import structs
from akoo_core.kube.request import APPLY_PATCH, JSON, JSON_PATCH, Payload, ServerRequest

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


class HttpCall(NamedTuple):
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
    about: ServerRequest | str = ""
    """The request that errors name."""
    patch: Sequence[Mapping[str, Any]] = ()
    """The operations of a JSON patch: a refusal of one that tests is a conflict."""

    @property
    def verb(self) -> str:
        """``get``, ``list``, ``apply``: the first word of the operation."""
        return self.operation.partition(" ")[0]

    def __str__(self) -> str:
        return str(self.about or self.path)

    @classmethod
    def of(cls, request: ServerRequest, payload: Payload) -> HttpCall:
        """The request with its body encoded."""
        query, body, content_type, metadata_only = payload
        patch = body if content_type == JSON_PATCH else ()
        encode = structs.encode_yaml if content_type == APPLY_PATCH else structs.encode_json
        headers = {"Accept": _partial(request) if metadata_only else JSON}
        if body is not None:
            headers["Content-Type"] = content_type
        return cls(
            request.operation,
            _METHODS[request.verb],
            request.path,
            request.target,
            request.write and not payload.dry_run,
            query,
            headers,
            None if body is None else encode(body),
            request,
            patch,
        )


def _partial(request: ServerRequest) -> str:
    """The media type of answers without specs."""
    kind = "PartialObjectMetadataList" if request.verb == "list" else "PartialObjectMetadata"
    return f"application/json;as={kind};g=meta.k8s.io;v=v1"
