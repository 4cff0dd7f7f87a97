"""The output of a life, which remembers its steps."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TextIO

from akoo_core.sandbox import display


class Steps(display.Display):
    """A Display that keeps the titles of steps for the result."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        self.passed: list[str] = []
        self.running = "start of the test bed"
        """The step that runs now, or the last one."""

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[display.Step]:
        """A step of the life."""
        self.running = title
        with super().step(title) as step:
            yield step
        self.passed.append(title)
