"""One request to an API server as a value, with its texts for spans and errors, and its payload."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from akoo_core.kube.resource import Resource

Verb = Literal["get", "list", "watch", "create", "update", "patch", "apply", "delete"]

JSON = "application/json"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
"""The server reads YAML here, and most JSON is YAML (``structs.encode_yaml``)."""

_WRITES = frozenset({"create", "update", "patch", "apply", "delete"})


class ServerRequest(NamedTuple):
    """A verb and the object it is for. ``apply`` is a verb of ours; RBAC sees a patch."""

    verb: Verb
    resource: Resource
    namespace: str | None = None
    name: str | None = None
    subresource: str | None = None

    @property
    def write(self) -> bool:
        return self.verb in _WRITES

    @property
    def operation(self) -> str:
        """``apply configmaps``, ``patch akodeployments/status``: low cardinality."""
        suffix = f"/{self.subresource}" if self.subresource else ""
        return f"{self.verb} {self.resource.label}{suffix}"

    @property
    def target(self) -> str:
        """``namespace/name``, ``name``, ``namespace/`` of a list, or ""."""
        if self.resource.namespaced and self.namespace:
            return f"{self.namespace}/{self.name or ''}"
        return self.name or ""

    @property
    def rbac_verb(self) -> str:
        return "patch" if self.verb == "apply" else self.verb

    @property
    def rbac_resource(self) -> str:
        """``clusters`` or ``clusters/status``, as a rule of a Role names it."""
        suffix = f"/{self.subresource}" if self.subresource else ""
        return f"{self.resource.plural}{suffix}"

    @property
    def path(self) -> str:
        """The URL path; the name is part of the body, not of the path, on create."""
        name = None if self.verb in ("create", "list", "watch") else self.name
        return self.resource.path(self.namespace, name, self.subresource)

    def __str__(self) -> str:
        suffix = f"/{self.subresource}" if self.subresource else ""
        return f"{self.verb} {self.resource.qualified}{suffix} {self.target}".strip()


class Payload(NamedTuple):
    """Query, body and media types of a request, not encoded yet."""

    query: Mapping[str, str] = {}
    """Parameters of the URL, without empty ones."""
    body: Any = None
    content_type: str = JSON
    """The media type of the body; it tells the two kinds of patches apart."""
    metadata_only: bool = False
    """The answer to a list or watch has the metadata of objects and nothing else of them."""

    @property
    def dry_run(self) -> bool:
        """The server only says what it would do: nothing is written."""
        return bool(self.query.get("dryRun"))
