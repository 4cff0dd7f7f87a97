"""Renderings of charts, by all that they are made of. In memory: a new process makes them anew.

One rendering serves all clusters of a config. One that was refused is tried again after a minute.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from typing import Final

from akoo_ako.desired import Desired
from akoo_ako.helm import allowed, archive, command, values
from akoo_ako.refusals.refusal import Refusal
from akoo_core.plugin import api, kube, structs

KEPT: Final = 32
"""Renderings that are kept, the last used ones."""
REFUSED_SECONDS: Final = 60.0

Objects = tuple[structs.JSON, ...]

_KEPT: OrderedDict[str, Objects] = OrderedDict()
"""By key. A key names one content, so it does not matter who rendered it."""


def key_of(desired: Desired) -> str:
    """The name of the rendering that this AKO needs; "" for none."""
    chart = desired.options.chart
    if chart is None:
        return ""
    made_of = [chart.digest, values.of(desired)]
    return hashlib.sha256(structs.encode_json(made_of)).hexdigest()


def find(desired: Desired) -> Objects | None:
    """The objects of the chart as they were rendered, or None."""
    return _KEPT.get(key_of(desired))


class Renderer:
    """Renders charts, each once. One per plugin."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._refused: dict[str, tuple[float, Refusal]] = {}

    async def render(self, desired: Desired, ctx: api.VerbContext) -> None:
        """Have the rendering that this AKO needs. Raises Refusal."""
        chart, key = desired.options.chart, key_of(desired)
        if chart is None:
            return
        async with self._lock:
            if key in _KEPT:
                _KEPT.move_to_end(key)
                return
            now = ctx.clock.monotonic()
            until, refused = self._refused.get(key, (0.0, None))
            if refused is not None and now < until:
                raise refused
            try:
                _KEPT[key] = await self._rendered(desired, chart, ctx)
            except Refusal as error:
                self._refused = {
                    each: kept for each, kept in self._refused.items() if kept[0] > now
                } | {key: (now + REFUSED_SECONDS, error)}
                raise
            while len(_KEPT) > KEPT:
                _KEPT.popitem(last=False)

    async def _rendered(
        self, desired: Desired, chart: archive.Chart, ctx: api.VerbContext
    ) -> Objects:
        ours = desired.settings
        archive.check(chart)
        command.find(ours.helm)
        content = await ctx.threads.run(archive.read, chart, ours.chart_folder)
        work = command.TemplateWork(ours.helm, content, values.of(desired))
        text = await command.template(work, ctx.external)
        try:
            return allowed.taken(await ctx.threads.run(kube.decode_manifests, text))
        except kube.ManifestError as error:
            raise Refusal(
                "ChartNotRendered", f"{archive.PATH}: the chart renders to no YAML: {error}."
            ) from None
