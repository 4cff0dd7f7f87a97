"""The ways to Avi Controllers that the objects of the management cluster name. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from akoo_avi.client.access import avi_controller, implicit, refusal
from akoo_avi.client.access.reach import Reach
from akoo_avi.spec import names, placement, resources
from akoo_core.plugin import api, kube, structs
from akoo_core.plugin.records import Record

CONFIG = kube.AKO_DEPLOYMENT_CONFIGS.kind
CONTROLLER = resources.AVI_CONTROLLERS.kind
RECORD = kube.AKO_DEPLOYMENTS.kind


class Ways(NamedTuple):
    """Addresses with accounts, each once."""

    named_by: dict[Reach, tuple[str, ...]]
    """The objects that name a way: ``AviController/main``."""
    unread: tuple[tuple[str, str], ...]
    """(object, problem) for each that names none, or that cannot be read."""


async def ways(ctx: api.CheckContext) -> Ways:
    """The ways of AviControllers, of configs without one, and of records that are not finished."""
    named_by: dict[Reach, list[str]] = {}
    unread: list[tuple[str, str]] = []
    try:
        page = await ctx.kube.list(resources.AVI_CONTROLLERS)
    except kube.KubeError as error:
        unread.append(("AviControllers", f"they cannot be read: {error}"))
    else:
        for obj in page.items:
            title = f"{CONTROLLER}/{obj['metadata']['name']}"
            try:
                named_by.setdefault(avi_controller.from_object(obj).reach, []).append(title)
            except structs.DecodeError as error:
                unread.append((title, str(error)))
    for obj in ctx.configs:
        if implicit.names(obj):
            continue
        title = f"{CONFIG}/{obj['metadata']['name']}"
        try:
            named_by.setdefault(implicit.reach(obj), []).append(title)
        except (refusal.Refusal, structs.DecodeError) as error:
            unread.append((title, str(error)))
    for title, reach in _of_records(ctx.records):
        named_by.setdefault(reach, []).append(title)
    return Ways({reach: tuple(titles) for reach, titles in named_by.items()}, tuple(unread))


def _of_records(records: tuple[Record, ...]) -> Iterator[tuple[str, Reach]]:
    """The ways of records. Secrets of finished ones may be gone, and nothing is left there."""
    for record in records:
        if record.spec.finished_at is None and (reach := _stored(record)) is not None:
            yield f"{RECORD}/{record.name}", reach


def _stored(record: Record) -> Reach | None:
    """The stored way of a record; None if it is unreadable."""
    intent = record.spec.intents.get(names.PLUGIN)
    if intent is None or not intent.data:
        return None
    try:
        return structs.convert(intent.data, placement.Stored).reach
    except structs.DecodeError:
        return None
