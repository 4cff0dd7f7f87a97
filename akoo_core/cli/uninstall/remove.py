"""`uninstall --remove`: asks every record to leave, and waits. Writes one annotation on each.

``akoo.io/confirm-removal`` is not needed: the removal limit counts removals that a config causes,
not those that a user asked for. The annotation stays on finished records, so that none restarts.
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable, Iterable, Iterator

from akoo_core import errors
from akoo_core.cli import fleet
from akoo_core.cli.annotate import effects, write
from akoo_core.clock import Clock
from akoo_core.kube import client
from akoo_core.kube import errors as kube_errors
from akoo_core.objects import conditions
from akoo_core.objects.record import Record

REFRESH_SECONDS = 2.0
rest_for = asyncio.sleep
"""Waits between two reads."""
SHOWN = 5
_PASSING = (
    kube_errors.UnreachableError,
    kube_errors.TooManyRequestsError,
    kube_errors.ServerError,
)
SWEEP = effects.Annotation(kind="leave", value="sweep")


def plan(records: fleet.Records) -> Iterator[str]:
    """The plan, in lines."""
    rest = living(records)
    yield (
        f"AKO is removed from {len(rest)} clusters: drained, stopped, its objects deleted, also "
        "outside. Addresses of Services and Ingresses stop working. The Clusters stay."
    )
    for record in rest:
        yield f"  {fleet.key_of(record)}  {record.name}  {_state(record)}"
    yield "Records, configs and the operator stay; each finished Cluster loses its finalizer."


def living(records: fleet.Records) -> list[Record]:
    """The records that are not finished."""
    return [record for record in records.known if record.spec.finished_at is None]


def progress(records: fleet.Records) -> str:
    """One line: the count of finished records, and the state of the first others."""
    rest = living(records)
    counted = f"{len(records.known) - len(rest)} of {len(records.known)} finished"
    if not rest:
        return counted
    more = f" and {len(rest) - SHOWN} more" if len(rest) > SHOWN else ""
    return f"{counted}; waiting for {_listed(rest[:SHOWN])}{more}"


async def remove(
    kube: client.KubeClient,
    say: Callable[[str], None],
    *,
    within: datetime.timedelta,
    clock: Clock,
) -> None:
    """Ask every record to leave, new ones too; return when all are finished.

    Raises AkooError with what is left after ``within``; then it may be called again.
    """
    end = clock.monotonic() + within.total_seconds()
    last_line, rest = "", "nothing could be read"
    while True:
        try:
            records = await fleet.records(kube)
            readable(records)
            await _ask(kube, living(records))
            line, rest = progress(records), _listed(living(records))
        except (*_PASSING, TimeoutError) as error:
            line = f"{str(error) or 'the API server did not answer in time'}; tried again"
        if line != last_line:
            say(line)
            last_line = line
        if not rest:
            return
        if clock.monotonic() >= end:
            raise errors.AkooError(
                f"not all are finished in time: {rest}. The operator continues; see akoo-core "
                "explain, and run this again to wait longer"
            )
        await rest_for(REFRESH_SECONDS)


def readable(records: fleet.Records) -> None:
    """Raises InputError for an unreadable record: its end could not be seen."""
    if records.unreadable:
        raise errors.InputError(
            f"records cannot be read: {'; '.join(records.unreadable)}. A newer akoo-core may have "
            "written them; use that version"
        )


def watched(records: fleet.Records, namespace: str) -> None:
    """Raises InputError for records whose Clusters the operator does not watch: they stay.

    ``namespace``: the only one it watches; "" for all.
    """
    left_alone = [
        f"{fleet.key_of(record)} ({record.name})"
        for record in living(records)
        if namespace not in ("", record.spec.cluster_ref.namespace)
    ]
    if left_alone:
        raise errors.InputError(
            f"the operator watches Clusters of namespace {namespace} only and leaves these alone: "
            f"{', '.join(left_alone)}. Run it without --namespace and watchNamespace, then run "
            "this again"
        )


async def _ask(kube: client.KubeClient, rest: Iterable[Record]) -> None:
    for record in rest:
        if effects.already_set(SWEEP, record):
            continue
        try:
            await write.write(kube, SWEEP, record)
        except write.RecordChangedError:
            continue  # It is read and asked again in the next round.


def _listed(some: Iterable[Record]) -> str:
    return ", ".join(f"{fleet.key_of(record)} ({_state(record)})" for record in some)


def _state(record: Record) -> str:
    held = conditions.find(record.status.conditions, "Held")
    left = "" if record.status.left is None else f", {record.status.left} left"
    why = f", held: {held.reason}" if held is not None and held.status == "True" else ""
    return f"{record.status.phase or 'Preparing'}{left}{why}"
