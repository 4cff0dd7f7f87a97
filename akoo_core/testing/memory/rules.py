"""Rules for updates: preconditions, immutable metadata, the split of /status. Pure."""

from __future__ import annotations

from akoo_core.kube.request import ServerRequest
from akoo_core.testing.memory import kinds
from akoo_core.testing.memory.store import Object

SERVER_FIELDS = (
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "resourceVersion",
)
STALE = (
    "the object has been modified; please apply your changes to the latest version and try again"
)


def applicable(request: ServerRequest, obj: Object) -> Object:
    """The part of an apply body that this (sub)resource takes."""
    if request.subresource:
        metadata = {k: v for k, v in obj["metadata"].items() if k in ("uid", "resourceVersion")}
        return {"metadata": metadata, "status": obj.get("status") or {}}
    if kinds.has_status(request.resource):
        return {k: v for k, v in obj.items() if k != "status"}
    return obj


def admitted(request: ServerRequest, current: Object, wanted: Object) -> Object:
    """``wanted`` after preconditions and with what only the server may set put back."""
    had, has = current["metadata"], wanted["metadata"]
    if has.get("resourceVersion", had["resourceVersion"]) != had["resourceVersion"]:
        raise kinds.conflict(request, STALE)
    if has.get("uid", had["uid"]) != had["uid"]:
        why = f"Precondition failed: UID in precondition: {has['uid']}, UID in object meta: "
        raise kinds.conflict(request, why + had["uid"])
    if has.get("name", had["name"]) != had["name"]:
        raise kinds.invalid(request, "the name of the object does not match the URL", 400)
    if request.subresource:
        return _with_status_of(wanted, current, metadata=dict(had))
    metadata = {**has, **{k: had[k] for k in SERVER_FIELDS if k in had}}
    for name in SERVER_FIELDS:
        if name not in had:
            metadata.pop(name, None)
    added = set(metadata.get("finalizers") or ()) - set(had.get("finalizers") or ())
    if added and "deletionTimestamp" in had:
        why = "metadata.finalizers: Forbidden: no new finalizers can be added if the object is "
        raise kinds.invalid(request, why + f"being deleted, found new finalizers {sorted(added)}")
    after = {**wanted, "metadata": _without_empty(metadata)}
    after |= {"apiVersion": current["apiVersion"], "kind": current["kind"]}
    if kinds.has_status(request.resource):
        after = _with_status_of(current, after, metadata=after["metadata"])
    if "generation" in had and _content(after) != _content(current):
        after["metadata"]["generation"] = had["generation"] + 1
    return after


def _with_status_of(source: Object, obj: Object, *, metadata: Object) -> Object:
    merged = {k: v for k, v in obj.items() if k != "status"} | {"metadata": metadata}
    return merged | ({"status": source["status"]} if "status" in source else {})


def _content(obj: Object) -> Object:
    return {k: v for k, v in obj.items() if k not in ("metadata", "status")}


def _without_empty(metadata: Object) -> Object:
    # The server's ObjectMeta drops empty lists and maps when it is written.
    return {k: v for k, v in metadata.items() if v not in ([], {}, None)}
