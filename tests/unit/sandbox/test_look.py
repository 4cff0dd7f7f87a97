"""The fleet page beside the story: its address, its end, and a story without it."""

from __future__ import annotations

import contextlib
import pathlib
import sys

import pytest

from akoo_core.sandbox import look

SERVES = """#!/bin/sh
echo "$@" >{words}
echo "fleet page: http://127.0.0.1:1/?token=x"
exec sleep 600
"""
STUBBORN = """#!/bin/sh
trap '' TERM
echo "fleet page: http://127.0.0.1:1/?token=x"
while true; do sleep 1; done
"""
FAILS = """#!/bin/sh
echo "akoo-core: pages need the package jinja2" >&2
echo "another line"
exit 1
"""


class Place:
    """A folder with a program that stands for `akoo-core ui`."""

    def __init__(self, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.words = folder / "words"
        self.log = folder / "page.log"
        self._program = folder / "python"
        monkeypatch.setattr(sys, "executable", str(self._program))

    def runs(self, script: str) -> None:
        self._program.write_text(script.replace("{words}", str(self.words)))
        self._program.chmod(0o700)

    def page(self) -> contextlib.AbstractAsyncContextManager[str]:
        return look.page(
            self.folder / "page.kubeconfig",
            plugins=["ako", "avi"],
            config=self.folder / "settings.yaml",
            jaeger="http://127.0.0.1:2",
            log=self.log,
        )


@pytest.fixture
def place(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(tmp_path, monkeypatch)


async def test_the_address_is_that_of_the_command(place: Place) -> None:
    place.runs(SERVES)
    async with place.page() as address:
        assert address == "http://127.0.0.1:1/?token=x"
        assert place.words.read_text().split() == [
            *("-m", "akoo_core", "ui", "--plugins", "ako,avi"),
            *("--kubeconfig", f"{place.folder}/page.kubeconfig"),
            *("--config", f"{place.folder}/settings.yaml"),
            *("--jaeger", "http://127.0.0.1:2"),
        ]


async def test_a_page_that_cannot_be_served_leaves_the_story_alone(place: Place) -> None:
    place.runs(FAILS)
    async with place.page() as address:
        assert address == ""
    assert "jinja2" in place.log.read_text()


async def test_a_page_that_does_not_end_is_killed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "STOP_SECONDS", 0.1)
    place.runs(STUBBORN)
    async with place.page() as address:
        assert address
