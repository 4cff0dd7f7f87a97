"""`uninstall --remove`: every record is asked to leave, and waited for. Writes one annotation each.

``akoo.io/confirm-removal`` is not needed: the brake on removals is for those that a config causes,
not for a user's word. The word stays on finished records, so that nothing starts anew.
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable, Iterable, Iterator

from akoo_core import clock as clock_
from akoo_core import errors
from akoo_core.cli import fleet
from akoo_core.cli.annotate import effects, write
from akoo_core.kube import client
from akoo_core.kube import errors as kube_errors
from akoo_core.objects import conditions, record

REFRESH_SECONDS = 2.0
rest_for = asyncio.sleep
"""Between two looks."""
SHOWN = 5
_PASSING = (
    kube_errors.UnreachableError,
    kube_errors.TooManyRequestsError,
    kube_errors.ServerError,
)
SWEEP = effects.Word(kind="leave", value="sweep")


def plan(found: fleet.Records) -> Iterator[str]:
    """What will happen, in lines."""
    rest = living(found)
    yield (
        f"AKO is removed from {len(rest)} clusters: drained, stopped, its objects cleaned up, "
        "outside too. Addresses of Services and Ingresses stop working. The Clusters stay."
    )
    for one in rest:
        yield f"  {fleet.key_of(one)}  {one.name}  {_state(one)}"
    yield "Records, configs and the operator stay; finalizers go from each Cluster as it is done."


def living(found: fleet.Records) -> list[record.Record]:
    """Those that are not finished."""
    return [one for one in found.known if one.spec.finished_at is None]


def progress(found: fleet.Records) -> str:
    """One line: how many are finished, and what the first of the others do."""
    rest = living(found)
    told = f"{len(found.known) - len(rest)} of {len(found.known)} finished"
    if not rest:
        return told
    more = f" and {len(rest) - SHOWN} more" if len(rest) > SHOWN else ""
    return f"{told}; waiting for {_listed(rest[:SHOWN])}{more}"


async def remove(
    kube: client.KubeClient,
    say: Callable[[str], None],
    *,
    within: datetime.timedelta,
    clock: clock_.Clock,
) -> None:
    """Ask every record to leave, those that appear meanwhile too; return when all are finished.

    Raises AkooError with what is left after ``within``; then it may be called again.
    """
    end = clock.monotonic() + within.total_seconds()
    told, rest = "", "nothing could be read"
    while True:
        try:
            found = await fleet.records(kube)
            readable(found)
            await _ask(kube, living(found))
            line, rest = progress(found), _listed(living(found))
        except (*_PASSING, TimeoutError) as error:
            line = f"{str(error) or 'the API server did not answer in time'}; tried again"
        if line != told:
            say(line)
            told = line
        if not rest:
            return
        if clock.monotonic() >= end:
            raise errors.AkooError(
                f"not all are finished in time: {rest}. The operator goes on; see akoo-core "
                "explain, and run this again to wait longer"
            )
        await rest_for(REFRESH_SECONDS)


def readable(found: fleet.Records) -> None:
    """Raises InputError when a record cannot be read: nobody could say that it is finished."""
    if found.unreadable:
        raise errors.InputError(
            f"records cannot be read: {'; '.join(found.unreadable)}. A newer akoo-core may have "
            "written them; use that one"
        )


async def _ask(kube: client.KubeClient, rest: Iterable[record.Record]) -> None:
    for one in rest:
        if effects.said_already(SWEEP, one):
            continue
        try:
            await write.write(kube, SWEEP, one)
        except write.ChangedError:
            continue  # It is read and asked again in the next round.


def _listed(some: Iterable[record.Record]) -> str:
    return ", ".join(f"{fleet.key_of(one)} ({_state(one)})" for one in some)


def _state(one: record.Record) -> str:
    held = conditions.find(one.status.conditions, "Held")
    left = "" if one.status.left is None else f", {one.status.left} left"
    why = f", held: {held.reason}" if held is not None and held.status == "True" else ""
    return f"{one.status.phase or 'Preparing'}{left}{why}"
