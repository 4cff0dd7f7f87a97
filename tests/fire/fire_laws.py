"""The laws that hold at the end of every story, whatever was done to the operator meanwhile."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

from akoo_core.objects import names
from tests.fire import fire_gate, fire_journal

Object = dict[str, Any]


def record_patch(call: fire_journal.Call, *path: str) -> bool:
    """True if it stores something at that path of a record's spec."""
    if call.method != "PATCH" or not is_record(call) or call.path.endswith("/status"):
        return False
    value: Any = {"spec": {}} | call.sent if isinstance(call.sent, dict) else {}
    for step in ("spec", *path):
        if not isinstance(value, dict) or value.get(step) is None:
            return False
        value = value[step]
    return True


def is_record(call: fire_journal.Call) -> bool:
    return call.system == "management" and "/akodeployments" in call.path


def lets_go(call: fire_journal.Call) -> bool:
    """Takes our finalizer off a Cluster."""
    return _patches_cluster(call) and any(operation["op"] == "remove" for operation in call.sent)


def holds(call: fire_journal.Call) -> bool:
    """Puts our finalizer on a Cluster: by a merge patch where no annotation was seen."""
    if _patches_cluster(call):
        return any(operation["op"] == "add" for operation in call.sent)
    merged = call.sent if _at_cluster(call) and isinstance(call.sent, dict) else {}
    return "finalizers" in (merged.get("metadata") or {})


def _patches_cluster(call: fire_journal.Call) -> bool:
    return _at_cluster(call) and isinstance(call.sent, list)


def _at_cluster(call: fire_journal.Call) -> bool:
    return call.method == "PATCH" and "/clusters/" in call.path


def broken(gate: fire_gate.Gate, records: Container[str]) -> list[str]:
    """The laws that were broken, in words: by the order of what passed the gate."""
    broken = [
        f"made twice: {name}" for name in gate.outside.made if gate.outside.made.count(name) > 1
    ]
    intended: set[str] = set()
    proven: set[str] = set()
    let_go: set[str] = set()
    for call in gate.journal.calls:
        record = call.path.split("/")[2 if call.system == "outside" else -1]
        if record not in records:
            continue
        if record_patch(call, "intents", "fire") and call.done:
            intended.add(record)
        if record_patch(call, "leaving", "proof") and call.done:
            # What is stored again is a difference: a count that stayed the same is not in it.
            own = call.sent["spec"]["leaving"]["proof"].get("own", 0 if record in proven else 1)
            (proven.discard if own else proven.add)(record)
        if record_patch(call, "leaving", "letGo") and call.done:
            let_go.add(record)
            if call.sent["spec"]["leaving"]["letGo"]["why"] == "Proven" and record not in proven:
                broken.append(f"let go as proven without a proof: {record}")
        if call.system == "outside" and call.write and record not in intended:
            broken.append(f"touched before it was intended: {call}")
    return broken


def unfinished(records: Iterable[Object]) -> list[str]:
    """The objects left by records that should have ended."""
    return [
        f"{record['metadata']['name']}: {(record.get('status') or {}).get('phase')}"
        for record in records
        if not record["spec"].get("finishedAt")
    ]


def held(objects: Iterable[Object]) -> list[str]:
    """Names of the objects that carry a finalizer of ours."""
    ours = {names.FINALIZER, names.RECORD_FINALIZER}
    return [
        obj["metadata"]["name"]
        for obj in objects
        if ours & set(obj["metadata"].get("finalizers") or ())
    ]
