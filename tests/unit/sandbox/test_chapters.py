"""Chapters of plugins in the sandbox: how they are found, in which order they act."""

from __future__ import annotations

import contextlib
import types
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from akoo_testbed.bed import BedOptions
from akoo_testbed.vcsim import VcsimOptions

from akoo_core import errors
from akoo_core.plugin import api
from akoo_core.plugin_host import registry
from akoo_core.sandbox import chapters
from akoo_core.testing.chapters import Chapter, Stage

HERE = __name__
MOMENTS: tuple[chapters.Moment, ...] = ("opening", "living", "leaving", "closing")


class PaperStage:
    """A stage that keeps what was done on it."""

    record = "akoo-1"
    config_name = "default"
    config: Mapping[str, Any] = types.MappingProxyType({})

    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str = "") -> None:
        self.lines.append(text)

    def part(self, kind: type) -> Any:
        raise LookupError(kind.__name__)

    def step(self, title: str) -> Any:
        return contextlib.nullcontext()

    async def until(self, *arguments: Any) -> dict[str, Any]:
        return {}

    async def add_secret(self, name: str, **values: str) -> None:
        """Nothing is made."""

    async def command(self, *words: str) -> str:
        return " ".join(words)


def acting(name: str) -> Chapter:
    """A chapter that says its name and the moment."""

    def act(moment: str) -> Any:
        async def work(stage: Stage) -> None:
            stage.line(f"{name} {moment}")

        return work

    return Chapter(
        title=name,
        needs=("vcsim",) if name == "net" else (),
        config=lambda stage: {"cloudName": name, "dataNetwork": None, "plugins": {name: {"a": 1}}},
        links=lambda stage: {name: f"https://{stage.record}"},
        **{moment: act(moment) for moment in MOMENTS},
    )


NET, LB = acting("net"), acting("lb")
GREEDY = Chapter(title="greedy", needs=("vcsim", "mainframe"))
SHY = Chapter(title="shy")


class Net(api.Plugin):
    name = "net"
    chapter: ClassVar[str] = f"{HERE}:NET"


class Lb(api.Plugin):
    name = "lb"
    after: ClassVar[tuple[str, ...]] = ("net",)
    chapter: ClassVar[str] = f"{HERE}:LB"


class Quiet(api.Plugin):
    name = "quiet"


def test_each_selected_plugin_brings_its_chapter() -> None:
    plugins = registry.PluginSet([Lb(), Quiet(), Net()])
    assert chapters.of(plugins) == (NET, LB)
    assert chapters.of(registry.PluginSet([Quiet()])) == ()


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("akoo_nothing.chapter:CHAPTER", "cannot be loaded: ModuleNotFoundError"),
        (f"{HERE}:NOTHING", "cannot be loaded: AttributeError"),
        (f"{HERE}:HERE", "is a str, no Chapter"),
        (f"{HERE}:GREEDY", "needs mainframe. The test bed has vcsim."),
    ],
)
def test_a_chapter_that_cannot_be_played_is_refused(place: str, message: str) -> None:
    class Wrong(api.Plugin):
        name = "wrong"
        chapter: ClassVar[str] = place

    with pytest.raises(errors.InputError, match=f"chapter {place} of plugin wrong") as caught:
        chapters.of(registry.PluginSet([Wrong()]))
    assert message in str(caught.value)


async def test_what_begins_first_ends_last() -> None:
    stage = PaperStage()
    for moment in MOMENTS:
        await chapters.play((NET, SHY, LB), moment, stage)
    assert stage.lines == [
        *("net opening", "lb opening"),
        *("net living", "lb living"),
        *("lb leaving", "net leaving"),
        *("lb closing", "net closing"),
    ]


def test_the_bed_starts_what_is_needed_and_no_more() -> None:
    plain = BedOptions()
    assert chapters.needed((LB, SHY)) == ()
    assert chapters.with_parts(plain, ()) == plain
    needed = chapters.needed((NET, LB, NET))
    assert needed == ("vcsim",)
    assert chapters.with_parts(plain, needed) == BedOptions(vcsim=VcsimOptions())


def test_chapters_change_the_config() -> None:
    fields = {"cloudName": "x", "dataNetwork": {"name": "vip"}, "quietPeriod": "1s"}
    stage = PaperStage()
    assert chapters.config((), stage, fields) == fields
    assert chapters.config((NET, SHY, LB), stage, fields) == {
        "cloudName": "lb",
        "dataNetwork": None,
        "quietPeriod": "1s",
        "plugins": {"net": {"a": 1}, "lb": {"a": 1}},
    }
    assert fields["dataNetwork"] == {"name": "vip"}


def test_links_of_all() -> None:
    links = chapters.links((NET, SHY, LB), PaperStage())
    assert links == {"net": "https://akoo-1", "lb": "https://akoo-1"}
