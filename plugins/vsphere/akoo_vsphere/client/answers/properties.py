"""Reads of the property collector: which objects and fields, and what an answer proves. Pure.

A dead session answers such a read with HTTP 200, without properties, and with NotAuthenticated in
``missingSet``. So an empty answer proves nothing: see ``Rows``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Final

from akoo_vsphere.client import errors
from akoo_vsphere.client.answers import faults
from akoo_vsphere.client.wire import DeadSessionError, Fault, Ref, SoapCall

PORT_GROUP: Final = "DistributedVirtualPortgroup"
SWITCH: Final = "DistributedVirtualSwitch"
ENTITY: Final = "ManagedEntity"

PAGE_OBJECTS: Final = 5000
"""Objects of one page: the answer stays far below the bound of bytes."""

Spec = dict[str, Any]
Paths = Mapping[str, tuple[str, ...]]
"""Type of managed object to the paths to read."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """An object of an answer. ``fields``: path to plain value; a field that is unset is absent."""

    ref: Ref
    fields: Mapping[str, Any]
    missing: Mapping[str, Fault]
    """Paths that could not be read."""

    @property
    def gone(self) -> bool:
        """The object vanished between listing and reading."""
        return bool(self.missing) and all(
            faults.missing_object(fault) is not None for fault in self.missing.values()
        )

    def unreadable(self, paths: Iterable[str]) -> tuple[str, ...]:
        """The paths among these that could not be read."""
        return tuple(path for path in paths if path in self.missing)


def filter_spec(start: Iterable[Ref], paths: Paths, steps: Iterable[Spec] = ()) -> Spec:
    """Objects at ``start``, and those that ``steps`` lead to, with their paths."""
    select = list(steps)
    return {
        "_typeName": "PropertyFilterSpec",
        "propSet": [
            {"_typeName": "PropertySpec", "type": kind, "pathSet": list(fields)}
            for kind, fields in paths.items()
        ],
        "objectSet": [
            {"_typeName": "ObjectSpec", "obj": ref, **({"selectSet": select} if select else {})}
            for ref in start
        ],
    }


def tolerant(spec: Spec) -> Spec:
    """The spec for objects of which some may be gone: the others are read nevertheless."""
    return {**spec, "reportMissingObjectsInResults": True}


def step(name: str, kind: str, path: str, *then: str) -> Spec:
    """A step from objects of a kind along a path, and further along the named steps."""
    follow = [{"_typeName": "SelectionSpec", "name": other} for other in then]
    return {
        "_typeName": "TraversalSpec",
        "name": name,
        "type": kind,
        "path": path,
        **({"selectSet": follow} if follow else {}),
    }


NETWORKS: Final = (
    step("folder", "Folder", "childEntity", "folder", "datacenter"),
    step("datacenter", "Datacenter", "networkFolder", "folder"),
)
"""From the root folder to everything in network folders, past hosts, VMs and datastores."""
UP: Final = (step("up", ENTITY, "parent", "up"),)
"""From an object to all that it is in."""
OF_SWITCH: Final = (step("portgroups", SWITCH, "portgroup"),)


def retrieve(collector: Ref, spec: Spec, *, label: str, subject: str = "") -> SoapCall:
    """The first page of a read."""
    return SoapCall(
        method="RetrievePropertiesEx",
        target=collector,
        arguments={
            "specSet": [spec],
            "options": {"_typeName": "RetrieveOptions", "maxObjects": PAGE_OBJECTS},
        },
        label=label,
        subject=subject,
    )


def further(collector: Ref, token: str, *, label: str, subject: str = "") -> SoapCall:
    """The next page. Servers make pages unasked; a token is good for one call."""
    return SoapCall(
        method="ContinueRetrievePropertiesEx",
        target=collector,
        arguments={"token": token},
        label=label,
        subject=subject,
    )


def page(answer: Any) -> tuple[list[Row], str]:
    """Rows and the token of the next page ("": this was the last). Raises DeadSessionError."""
    if answer is None:
        return [], ""
    _expect(isinstance(answer, dict))
    rows = [_row(entry) for entry in items(answer.get("objects"))]
    return rows, str(answer.get("token") or "")


def _row(entry: Any) -> Row:
    _expect(isinstance(entry, dict) and isinstance(entry.get("obj"), Ref))
    fields = {_text(pair, "name"): pair.get("val") for pair in items(entry.get("propSet"))}
    return Row(ref=entry["obj"], fields=fields, missing=missing(entry.get("missingSet")))


def missing(entries: Any) -> dict[str, Fault]:
    """Path to fault of a ``missingSet``. Raises DeadSessionError."""
    faulty: dict[str, Fault] = {}
    for entry in items(entries):
        fault = entry.get("fault") if isinstance(entry, dict) else None
        fault = fault if isinstance(fault, Fault) else Fault(("MethodFault",), {})
        if faults.session_is_dead(fault):
            raise DeadSessionError
        faulty[_text(entry, "path")] = fault
    return faulty


def items(value: Any) -> list[Any]:
    """The items of a list; none of anything else, as an unset list is absent."""
    return value if isinstance(value, list) else []


def _text(entry: Any, key: str) -> str:
    value = entry.get(key) if isinstance(entry, dict) else None
    _expect(isinstance(value, str))
    return str(value)


def _expect(condition: bool) -> None:
    if not condition:
        raise errors.NotVCenterError("The answer to a read of properties has another form.")
