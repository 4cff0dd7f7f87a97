"""The actions of the fake provider, as values; and the patches they are made of."""

import dataclasses
import datetime
import typing

from akoo_testbed.kubeapi import Object, kind_of
from akoo_testbed.kubelet.nodes import NodeSpec, timestamp
from akoo_testbed.provider import world


@dataclasses.dataclass(frozen=True, slots=True)
class Create:
    """Create an object; that it exists already is fine."""

    object: Object


@dataclasses.dataclass(frozen=True, slots=True)
class Patch:
    """Merge patch an object; that it is gone is fine."""

    kind: str
    namespace: str
    name: str
    body: Object
    subresource: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Delete:
    """Delete an object in the background."""

    kind: str
    namespace: str
    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class OpenApi:
    """Have an API server for the Cluster."""


@dataclasses.dataclass(frozen=True, slots=True)
class CloseApi:
    """End the Cluster's API server and everything that runs against it."""


@dataclasses.dataclass(frozen=True, slots=True)
class RunNode:
    """Have a machine show itself as a Node of the workload cluster."""

    node: NodeSpec


@dataclasses.dataclass(frozen=True, slots=True)
class LoseNode:
    """Switch a machine off: its Node stays behind and reports no more."""

    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class Note:
    """Say something in the log."""

    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Again:
    """Look at the object again after some seconds."""

    seconds: float


Action = Create | Patch | Delete | OpenApi | CloseApi | RunNode | LoseNode | Note | Again


def set_fields(obj: Object, part: typing.Literal["spec", "status"], want: Object) -> list[Action]:
    """Make a part of the object contain `want`; nothing if it does already."""
    if contains(obj.get(part, {}), want):
        return []
    return [_patch(obj, {part: want}, "status" if part == "status" else "")]


def add_finalizer(obj: Object) -> list[Action]:
    """Ours beside those of others."""
    return [_finalizers(obj, [*obj["metadata"].get("finalizers", ()), world.FINALIZER])]


def drop_finalizer(obj: Object) -> list[Action]:
    """Ours only; the others' stay."""
    kept = [f for f in obj["metadata"].get("finalizers", ()) if f != world.FINALIZER]
    return [_finalizers(obj, kept)]


def contains(have: object, want: object) -> bool:
    """True if merging `want` into `have` would change nothing."""
    if isinstance(want, dict):
        return isinstance(have, dict) and all(contains(have.get(k), v) for k, v in want.items())
    return have == want


def conditions(obj: Object, now: datetime.datetime, *true: str) -> list[Object]:
    """Conditions of these types, all True; a time that is known already is kept."""
    old = {c["type"]: c for c in obj.get("status", {}).get("conditions", ())}
    made = []
    for kind in true:
        condition = {"type": kind, "status": "True", "reason": kind, "message": ""}
        since = old[kind]["lastTransitionTime"] if kind in old else timestamp(now)
        made.append(condition | {"lastTransitionTime": since})
    return made


def owned_by(obj: Object) -> Object:
    """A controller reference to `obj`."""
    return {
        "apiVersion": obj["apiVersion"],
        "kind": obj["kind"],
        "name": obj["metadata"]["name"],
        "uid": obj["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _finalizers(obj: Object, finalizers: list[str]) -> Patch:
    # With the resourceVersion: another's finalizer that we have not seen yet is not lost.
    version = obj["metadata"]["resourceVersion"]
    return _patch(obj, {"metadata": {"finalizers": finalizers, "resourceVersion": version}}, "")


def _patch(obj: Object, body: Object, subresource: str) -> Patch:
    metadata = obj["metadata"]
    return Patch(kind_of(obj), metadata["namespace"], metadata["name"], body, subresource)
