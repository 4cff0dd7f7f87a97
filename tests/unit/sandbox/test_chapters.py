"""Chapters of plugins in the sandbox: how they are found, in which order they act."""

from __future__ import annotations

import contextlib
import types
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from akoo_testbed.bed import BedOptions
from akoo_testbed.openbao import OpenBaoOptions
from akoo_testbed.vcsim import VcsimOptions

from akoo_core import errors, structs
from akoo_core.plugin import api
from akoo_core.sandbox import chapters
from akoo_core.testing.chapters import Chapter, Stage, Trouble

HERE = __name__
MOMENTS: tuple[chapters.Moment, ...] = ("opening", "living", "leaving", "closing", "traced")


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
        settings=lambda stage: {"for": stage.record},
        config=lambda stage: {
            "cloudName": name,
            "dataNetwork": None,
            "workloadCredentialRef": None,
            "plugins": {name: {"a": 1}},
        },
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
    plugins: dict[str, type[api.Plugin]] = {"net": Net, "quiet": Quiet, "lb": Lb}
    assert chapters.of(plugins) == {"net": NET, "lb": LB}
    assert list(chapters.of(plugins)) == ["net", "lb"]
    assert chapters.of({"quiet": Quiet}) == {}


def test_chapters_bring_settings_of_their_plugins() -> None:
    stage = PaperStage()
    loaded = {"net": NET, "shy": SHY}
    assert chapters.settings(loaded, stage) == {"net": {"for": "akoo-1"}}


def test_one_misfortune_of_ako_is_played() -> None:
    async def nothing(stage: Stage) -> None:
        """No misfortune."""

    own = Trouble(title="own", begin=nothing)
    first, second = (Trouble(title=title, begin=nothing) for title in ("first", "second"))
    assert chapters.trouble((NET, SHY), own) is own
    unlucky = [structs.replace(SHY, trouble=trouble) for trouble in (first, second)]
    assert chapters.trouble((NET, *unlucky), own) is first


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("akoo_nothing.chapter:CHAPTER", "cannot be loaded: ModuleNotFoundError"),
        (f"{HERE}:NOTHING", "cannot be loaded: AttributeError"),
        (f"{HERE}:HERE", "is a str, no Chapter"),
        (f"{HERE}:GREEDY", "needs mainframe. The test bed has vcsim, openbao."),
    ],
)
def test_a_chapter_that_cannot_be_played_is_refused(place: str, message: str) -> None:
    class Wrong(api.Plugin):
        name = "wrong"
        chapter: ClassVar[str] = place

    with pytest.raises(errors.InputError, match=f"chapter {place} of plugin wrong") as caught:
        chapters.of({"wrong": Wrong})
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
        *("net traced", "lb traced"),
    ]


def test_the_bed_starts_what_is_needed_and_no_more() -> None:
    plain = BedOptions()
    assert chapters.needed((LB, SHY)) == ()
    assert chapters.with_parts(plain, ()) == plain
    needed = chapters.needed((NET, LB, NET))
    assert needed == ("vcsim",)
    assert chapters.with_parts(plain, needed) == BedOptions(vcsim=VcsimOptions())
    vault = Chapter(title="vault", needs=("openbao",))
    assert chapters.needed((vault, NET)) == ("vcsim", "openbao")
    assert chapters.with_parts(plain, ("openbao",)) == BedOptions(openbao=OpenBaoOptions())


def test_chapters_change_the_config() -> None:
    fields = {"cloudName": "x", "dataNetwork": {"name": "vip"}, "quietPeriod": "1s"}
    stage = PaperStage()
    assert chapters.config((), stage, fields) == fields
    assert chapters.config((NET, SHY, LB), stage, fields) == {
        "cloudName": "lb",
        "dataNetwork": None,
        "workloadCredentialRef": None,
        "quietPeriod": "1s",
        "plugins": {"net": {"a": 1}, "lb": {"a": 1}},
    }
    assert fields["dataNetwork"] == {"name": "vip"}


def test_links_of_all() -> None:
    links = chapters.links((NET, SHY, LB), PaperStage())
    assert links == {"net": "https://akoo-1", "lb": "https://akoo-1"}
