"""Histories of clusters for the page, read from Jaeger within a short time."""

from __future__ import annotations

import asyncio
import datetime
from typing import NamedTuple

from akoo_core import errors, structs
from akoo_core.clock import Clock
from akoo_core.traces import jaeger, life
from akoo_core.traces import picture as pictures

SECONDS = 3.0
"""Time limit: a page does not wait longer for Jaeger."""
REST_SECONDS = 30.0
"""Time without a question after Jaeger was silent, so that pages show changes at once."""


class Source(structs.Struct, frozen=True, kw_only=True):
    """Jaeger and the traces to ask it for."""

    url: str
    service: str
    since: datetime.timedelta
    pages: str = ""
    """Address of a Jaeger with pages for people, or ""."""

    def link(self, trace: str) -> str:
        """The address of a trace, or "" without a Jaeger with pages."""
        return jaeger.page_of(self.pages, trace) if self.pages else ""


class ShownHistory(NamedTuple):
    """The history of a cluster. ``problem``: the reason why there is none."""

    picture: pictures.Picture | None = None
    lines: tuple[str, ...] = ()
    problem: str = ""


class Histories:
    """Histories from one Jaeger. After a silence it is left alone for a while."""

    def __init__(self, source: Source, clock: Clock) -> None:
        self.source = source
        self._clock = clock
        self._rests_until = 0.0

    async def of_cluster(self, key: str, now: datetime.datetime) -> ShownHistory:
        """The history of Cluster ``key`` (``namespace/name``)."""
        source = self.source
        silent = f"Jaeger at {source.url} did not answer within {SECONDS:.0f} s"
        if self._clock.monotonic() < self._rests_until:
            return ShownHistory(problem=f"{silent}. It is asked again after {REST_SECONDS:.0f} s")
        try:
            async with asyncio.timeout(SECONDS):
                answer = await jaeger.traces(
                    source.url,
                    jaeger.of_cluster(key),
                    now=now,
                    since=source.since,
                    service=source.service,
                )
        except errors.AkooError as error:
            return ShownHistory(problem=str(error))
        except TimeoutError:
            self._rests_until = self._clock.monotonic() + REST_SECONDS
            return ShownHistory(problem=silent)
        return history(answer, f"Jaeger at {source.url} has no trace of {key}")


def history(answer: structs.JSON, nothing: str) -> ShownHistory:
    """The history in an answer of Jaeger; ``nothing`` says that there is none. Pure."""
    try:
        spans = life.spans(answer)
    except (KeyError, TypeError, AttributeError):
        return ShownHistory(problem="the answer is not that of Jaeger's query API")
    lines = life.lines(spans)
    if not lines:
        return ShownHistory(problem=nothing)
    return ShownHistory(pictures.picture(spans), tuple(life.page(lines)))
