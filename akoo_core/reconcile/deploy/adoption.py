"""Objects of others that are taken over: which, and what must not change by it. Pure.

Helm, kapp or kubectl own the fields that they wrote. As long as they do, a field that we no longer
apply stays. So their fields become ours, as if we had applied them, in the write that marks the
object as ours. Controllers keep their fields, and so does whoever wrote to a subresource.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from akoo_core import structs
from akoo_core.kube import managed_fields
from akoo_core.kube.client import FIELD_MANAGER
from akoo_core.plugin import api
from akoo_core.plugin.errors import BlockedError
from akoo_core.reconcile.deploy.inventory import ObjectKey

CONTROLLERS: Final = frozenset(
    {"kube-controller-manager", "kube-scheduler", "kubelet", "kube-apiserver", "akc", "agc", "ako"}
)
"""Field managers that keep their fields. The last three are names of AKO's programs."""
NAMED: Final = 5
"""Differing paths that a message names."""
_METADATA: Final = ("f:labels", "f:annotations")

Uids = Mapping[ObjectKey, str]
"""The UIDs of the objects that may be taken over."""


def uids(contributions: Iterable[api.Contribution]) -> Uids:
    """The objects that the contributions adopt."""
    return {
        ObjectKey(
            adopted.api_version.rpartition("/")[0], adopted.kind, adopted.namespace, adopted.name
        ): adopted.uid
        for contribution in contributions
        for adopted in contribution.adopts
    }


def transfer(existing: structs.JSON, manifest: structs.JSON) -> structs.JSON:
    """``metadata`` of the patch that makes ``existing`` ours: for exactly the object and version
    that was read, with the labels of the manifest and its fields as ours."""
    metadata: dict[str, Any] = existing["metadata"]
    return {
        "uid": metadata["uid"],
        "resourceVersion": metadata["resourceVersion"],
        "labels": dict(manifest["metadata"]["labels"]),
        "managedFields": fields_as_ours(existing, manifest),
    }


def fields_as_ours(existing: structs.JSON, manifest: structs.JSON) -> list[structs.JSON]:
    """The managed fields of ``existing``, with those of its former owner as applied by us.

    Labels and annotations that the manifest does not have are nobody's then, and stay.
    """
    entries: list[structs.JSON] = list(existing["metadata"].get("managedFields") or ())
    kept = [entry for entry in entries if _keeps(entry)]
    taken = [entry for entry in entries if not _keeps(entry)]
    if not taken:
        return kept
    times = [str(entry["time"]) for entry in taken if entry.get("time")]
    ours = {
        "manager": FIELD_MANAGER,
        "operation": "Apply",
        "apiVersion": existing["apiVersion"],
        "fieldsType": "FieldsV1",
        "fieldsV1": _without_foreign_marks(managed_fields.union(taken), manifest),
        **({"time": max(times)} if times else {}),
    }
    return [*kept, ours]


def _keeps(entry: structs.JSON) -> bool:
    manager = str(entry.get("manager") or "")
    own = manager == FIELD_MANAGER and entry.get("operation") != "Apply"
    return bool(entry.get("subresource")) or own or manager in CONTROLLERS


def _without_foreign_marks(fields: dict[str, Any], manifest: structs.JSON) -> dict[str, Any]:
    metadata = fields.get("f:metadata")
    if not isinstance(metadata, dict):
        return fields
    left = dict(metadata)
    for part in _METADATA:
        if part not in left:
            continue
        wanted = {f"f:{name}" for name in manifest["metadata"].get(part[2:]) or {}}
        # The step "." is the map itself; with it, the map would go with its last key of ours.
        left[part] = {step: inner for step, inner in left[part].items() if step in wanted}
        if not left[part]:
            del left[part]
    rest = {step: inner for step, inner in fields.items() if step != "f:metadata"}
    return rest | ({"f:metadata": left} if left else {})


# Comparison with the outcome of a dry run.


def changes(existing: structs.JSON, after: structs.JSON) -> list[str]:
    """Paths that differ and by which AKO would restart, or run with something else."""
    if existing.get("kind") == "Secret":
        return [f"data.{key}" for key in _differing(_data(existing), _data(after))]
    differing = [
        f"{part}.{path}" if path else part
        for part in ("data", "binaryData")
        for path in _paths(existing.get(part) or {}, after.get(part) or {}, "")
    ]
    return [*differing, *_paths(_template(existing), _template(after), "spec.template")]


def _template(obj: structs.JSON) -> dict[str, Any]:
    template: dict[str, Any] = (obj.get("spec") or {}).get("template") or {}
    return template


def _data(secret: structs.JSON) -> dict[str, Any]:
    return secret.get("data") or {}


def _differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    return [
        key for key in sorted(first.keys() | second.keys()) if first.get(key) != second.get(key)
    ]


def _paths(first: Any, second: Any, path: str) -> Iterator[str]:
    if isinstance(first, dict) and isinstance(second, dict):
        for key in _differing(first, second):
            yield from _paths(first.get(key), second.get(key), f"{path}.{key}" if path else key)
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for index, (mine, other) in enumerate(zip(first, second, strict=True)):
            yield from _paths(mine, other, f"{path}[{index}]")
    elif first != second:
        yield path


def refusal(differing: Mapping[ObjectKey, list[str]]) -> BlockedError:
    """The error for an adoption that would change something."""
    parts = []
    for key, paths in differing.items():
        rest = len(paths) - NAMED
        more = f" and {rest} more" if rest > 0 else ""
        parts.append(f"{key}: {', '.join(paths[:NAMED])}{more}")
    return BlockedError(
        f"Adopted as it is wanted, AKO would change: {'; '.join(parts)}. Nothing is written. See "
        "akoo-core ako inspect for a config that is equal to the install.",
        reason="AdoptionWouldRestart",
    )
