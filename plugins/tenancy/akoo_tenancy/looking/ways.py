"""The ways to Avi Controllers that objects of the management cluster name. Reads only."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

from akoo_avi.client.access import avi_controller, implicit, refusal
from akoo_avi.client.access.reach import Reach

from akoo_core.plugin import api, kube, structs
from akoo_core.plugin.records import Record
from akoo_tenancy.spec import facts, names


class Ways(NamedTuple):
    """Each way once, with the first object that names it."""

    named_by: dict[Reach, str]
    unread: tuple[tuple[str, str], ...]
    """(object, problem) for each that cannot be read."""


async def ways(ctx: api.CheckContext) -> Ways:
    """The ways of AviControllers, of configs without one, and of records that are not finished."""
    named_by: dict[Reach, str] = {}
    unread: list[tuple[str, str]] = []
    questions: list[tuple[str, Callable[[], Reach | None]]] = []
    try:
        page = await ctx.kube.list(avi_controller.AVI_CONTROLLERS)
        for obj in page.items:
            title = f"AviController/{obj['metadata']['name']}"
            questions.append((title, functools.partial(_of_controller, obj)))
    except kube.KubeError as error:
        unread.append(("AviControllers", str(error)))
    for obj in ctx.configs:
        title = f"AKODeploymentConfig/{obj['metadata']['name']}"
        questions.append((title, functools.partial(_of_config, obj)))
    questions += (
        (f"AKODeployment/{record.name}", functools.partial(_of_record, record))
        for record in living(ctx.records)
    )
    for title, question in questions:
        try:
            reach = question()
        except (structs.DecodeError, refusal.Refusal) as error:
            unread.append((title, str(error)))
            continue
        if reach is not None:
            named_by.setdefault(reach, title)
    return Ways(named_by, tuple(unread))


def _of_controller(obj: structs.JSON) -> Reach | None:
    return avi_controller.from_object(obj).reach


def _of_config(obj: structs.JSON) -> Reach | None:
    return None if implicit.names(obj) else implicit.reach(obj)


def _of_record(record: Record) -> Reach | None:
    intent = record.spec.intents.get(names.PLUGIN)
    if intent is None or not intent.data:
        return None
    return structs.convert(intent.data, facts.Stored).reach


def living(records: tuple[Record, ...]) -> tuple[Record, ...]:
    """The records that are not finished. Pure."""
    return tuple(record for record in records if record.spec.finished_at is None)
