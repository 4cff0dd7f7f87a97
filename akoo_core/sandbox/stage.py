"""The running sandbox, as the story and the chapters of plugins see it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from akoo_testbed.bed import Bed

from akoo_core.sandbox import demo, display, install, process
from akoo_core.sandbox.avi import SandboxAvi

T = TypeVar("T")
Object = dict[str, Any]

RECORD = "akoo.io/v1alpha1/AKODeployment"
STEP_SECONDS = 60.0


class StoryError(Exception):
    """A step of the story did not happen in time; the message names the step and the last state."""


class SandboxStage:
    """A :class:`akoo_core.testing.chapters.Stage` over a bed and an Avi simulator."""

    def __init__(
        self,
        bed: Bed,
        avi: SandboxAvi,
        show: display.Display,
    ) -> None:
        self.bed = bed
        self.avi = avi
        self.record = ""
        self.config_name = demo.CONFIG
        self.config: Mapping[str, Any] = avi.config()
        self._show = show
        self.operator: process.OperatorProcess | None = None
        """The operator, whose account and settings commands have; None before it was made."""

    def part(self, kind: type[T]) -> T:
        bed, avi = self.bed, self.avi
        for part in (bed, bed.api, bed.vcsim, bed.openbao, avi.controller, avi.admin):
            if isinstance(part, kind):
                return part
        raise LookupError(f"the sandbox has no {kind.__name__}; name it in needs of the chapter")

    def step(self, title: str) -> contextlib.AbstractContextManager[display.Step]:
        return self._show.step(title)

    def line(self, text: str = "") -> None:
        self._show.line(text)

    async def until(
        self,
        kind: str,
        namespace: str | None,
        name: str,
        accept: Callable[[Object | None], object],
    ) -> Object:
        try:
            obj = await self.bed.api.wait_for(kind, namespace, name, accept, STEP_SECONDS)
        except TimeoutError as error:
            raise StoryError(str(error)) from error
        return obj or {}

    async def add_secret(self, name: str, **values: str) -> None:
        await self.bed.api.apply(install.secret(name, **values))

    async def command(self, *words: str) -> str:
        if self.operator is None:
            raise StoryError(f"akoo-core {' '.join(words)}: there is no operator yet")
        running = await asyncio.create_subprocess_exec(
            *self.operator.command,
            *words,
            env=process.own_environment(os.environ),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await asyncio.wait_for(running.communicate(), STEP_SECONDS)
        except TimeoutError as error:
            raise StoryError(f"akoo-core {' '.join(words)} did not end in time") from error
        finally:
            if running.returncode is None:
                running.kill()
                await running.wait()
        return output.decode(errors="replace")
