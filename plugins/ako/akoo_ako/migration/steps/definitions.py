"""Replace the ancestor's definition of AKODeploymentConfig by that of akoo-core; configs stay.

The definition of akoo-core is known by its annotation, so that a later one of it stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from akoo_ako.installs.seen import annotation, at, metadata_of
from akoo_ako.migration.estate import Estate
from akoo_ako.migration.switch import change
from akoo_ako.migration.switch.change import Change
from akoo_ako.migration.switch.journal import Entry, Journal
from akoo_core.plugin import structs

NAME: Final = "definitions"
OURS: Final = "akoo.io/schema-version"


def forward(estate: Estate, journal: Journal) -> Iterator[Change]:
    """One replacement. Nothing where there is no definition: an installation makes it."""
    del journal
    live, wanted = estate.definition, estate.own_definition
    if live is None or wanted is None or annotation(live, OURS):
        return
    maps = {field: _map(live, field) for field in ("labels", "annotations")}
    merged = {field: {**old, **_map(wanted, field)} for field, old in maps.items()}
    yield change.patched(
        NAME,
        live,
        _content(wanted["spec"], merged),
        "replaced by that of akoo-core",
        before={
            "spec": live["spec"],
            **{
                field: {key: old.get(key) for key in _map(wanted, field)}
                for field, old in maps.items()
            },
        },
        same_version=True,
    )


def backward(entries: Sequence[Entry], estate: Estate) -> Iterator[Change]:
    """The stored definition, if that of akoo-core is there."""
    live = estate.definition
    for entry in entries:
        if live is None or metadata_of(live)["uid"] != entry.uid or not annotation(live, OURS):
            continue
        restored = {
            field: _restored(_map(live, field), entry.before[field])
            for field in ("labels", "annotations")
        }
        yield change.patched(
            NAME,
            live,
            _content(entry.before["spec"], restored),
            "the ancestor's again",
            same_version=True,
        )


def _content(spec: structs.JSON, maps: dict[str, dict[str, str]]) -> list[change.Operation]:
    return [
        {"op": "replace", "path": "/spec", "value": spec},
        *(change.put(f"/metadata/{field}", value) for field, value in maps.items()),
    ]


def _map(obj: structs.JSON, field: str) -> dict[str, Any]:
    return dict(at(obj, f"metadata.{field}") or {})


def _restored(now: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """``now`` with the old values of some keys; None: there was none."""
    merged = {**now, **before}
    return {key: value for key, value in merged.items() if value is not None}
