"""The metrics of accounts, kept from the facts in the records. Nothing outside is asked."""

from __future__ import annotations

import datetime
from typing import Final, NamedTuple

from akoo_core.plugin import clock, conditions, kube, metrics, structs
from akoo_tenancy.spec import names
from akoo_tenancy.spec.facts import TenancyAccount

_READY: Final = conditions.type_for_plugin(names.PLUGIN)


class Row(NamedTuple):
    """The account of a record, as far as a metric shows it."""

    config: str
    sequence: int
    since: datetime.datetime
    """Active: AKO was first seen with it. Else it was made."""
    active: bool
    rotating: bool
    """AKO is to take it in the place of another one."""
    overdue: bool
    delayed: bool


def read(obj: kube.Object) -> Row | None:
    """The row of a record; None without an account, and for a record that leaves. Pure."""
    spec = obj.get("spec") or {}
    fact = ((spec.get("facts") or {}).get(TenancyAccount.fact_name) or {}).get("data")
    if not fact or spec.get("leaving"):
        return None
    try:
        account = structs.convert(fact, TenancyAccount)
    except structs.DecodeError:
        return None
    if account.phase == "Left":
        return None
    listed = (obj.get("status") or {}).get("conditions") or ()
    reason = next((row.get("reason") for row in listed if row.get("type") == _READY), "")
    pending = account.phase == "Pending"
    return Row(
        config=str((spec.get("configRef") or {}).get("name", "")),
        sequence=account.sequence,
        since=account.since,
        active=account.phase == "Active",
        rotating=pending and account.reason != "First",
        overdue=pending and reason == "PickupTimeout",
        delayed=bool(account.delayed),
    )


def results(before: Row, after: Row | None) -> tuple[str, ...]:
    """The results that a change of a record counts as. Pure."""
    if after is None:
        return ("abandoned",) if before.rotating else ()
    promoted = after.active and (
        (before.rotating and after.sequence >= before.sequence)
        or (before.active and after.sequence > before.sequence)
    )
    steps = {
        "promoted": promoted,
        "overdue": after.overdue and not before.overdue,
        "delayed": after.delayed and not before.delayed,
    }
    return tuple(name for name, happened in steps.items() if happened)


class Figures:
    """The rows of all records, for one process."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self._born: dict[str, dict[str, datetime.datetime]] = {}
        """By config and record: the time from which the account in use is counted."""
        self._ages: dict[str, float] = {}
        """By config: the age in seconds at which accounts are rotated."""

    def note_age(self, config: str, every: datetime.timedelta) -> None:
        """Take the rotation of a config as a verb read it."""
        self._ages[config] = every.total_seconds()
        if config in self._born:
            metrics.ROTATION_AGE.labels(config).set(self._ages[config])

    def note(self, name: str, obj: kube.Object | None, now: clock.Clock) -> None:
        """Take a record as it is now; None: it is gone."""
        before, after = self._rows.pop(name, None), read(obj) if obj is not None else None
        if after is not None:
            self._rows[name] = after
        if before is not None:
            for result in results(before, after):
                metrics.ROTATIONS.labels(result).inc()
            if after is None or before.config != after.config:
                self._forget(before.config, name)
        if after is not None and (after.active or after.rotating):
            self._count(name, after, now)

    def _count(self, name: str, row: Row, now: clock.Clock) -> None:
        born = self._born.setdefault(row.config, {})
        # While AKO is to take another account, the one that it has goes on to age.
        born[name] = row.since if row.active else born.get(name, row.since)
        metrics.CREDENTIAL_AGE.labels(row.config).set_function(
            lambda: (now.now() - min(born.values())).total_seconds() if born else 0.0
        )
        if row.config in self._ages:
            metrics.ROTATION_AGE.labels(row.config).set(self._ages[row.config])

    def _forget(self, config: str, name: str) -> None:
        born = self._born.get(config, {})
        born.pop(name, None)
        if not born and self._born.pop(config, None) is not None:
            metrics.CREDENTIAL_AGE.remove(config)
            if self._ages.pop(config, None) is not None:
                metrics.ROTATION_AGE.remove(config)
