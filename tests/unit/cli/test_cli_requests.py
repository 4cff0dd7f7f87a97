"""Commands of plugins that write an annotation: found, explained, refused, written."""

from __future__ import annotations

import importlib
import pathlib
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from typing import Any

import click
import pytest
from click import shell_completion

from akoo_core.cli import commands
from akoo_core.cli.annotate import requests, write
from akoo_core.kube import client, resource
from akoo_core.objects.record import Leaving, Record
from akoo_core.plugin import api
from tests.unit.cli.commands_world import NOW, CommandWorld

SHOP, BLOG = "team-a/shop", "team-a/blog"
KEY = "accounts.akoo.io/rotate"
WORKS = ("accounts", "ako")
SOURCE = """
from akoo_core.plugin import api

def refusal(record, flags):
    if "broken" in record.annotations:
        raise RuntimeError("a bug")
    return "the old account is gone already" if "done" in record.annotations else ""

ROTATE = api.PluginAnnotation(
    name="rotate",
    help="Give a cluster another account.",
    effects=("{key} gets another account, and its AKO starts once.",),
    flags=(
        api.AnnotationFlag(
            name="compromised",
            help="The old account is known to others.",
            effects=("The old account of {key} is deleted as soon as the new one is in use.",),
        ),
        api.AnnotationFlag(name="now-even-if-ako-stops", help="Delete the old one first."),
    ),
    fleet=True,
    refusal=refusal,
)
RENEW = api.PluginAnnotation(name="renew", help="Renew it.", effects=("It is renewed.",))
WRONG = api.PluginAnnotation(name="Wrong", help="", effects=())
NOTHING = 7
"""
COMMANDS = {
    "accounts.rotate": "cli_requests:ROTATE",
    "accounts.renew": "cli_requests:RENEW",
    "accounts.wrong": "cli_requests:WRONG",
    "accounts.nothing": "cli_requests:NOTHING",
    "accounts.gone": "cli_requests_gone:X",
    "accounts.pause": "cli_requests:RENEW",
    "accounts.twice": "cli_requests:RENEW",
    "others.twice": "cli_requests:RENEW",
}


@pytest.fixture(autouse=True)
def installed(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A distribution whose plugin has commands, and no other."""
    info = tmp_path / "akoo_accounts-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: akoo-accounts\nVersion: 0.1.0\n")
    lines = "\n".join(f"{name} = {value}" for name, value in COMMANDS.items())
    (info / "entry_points.txt").write_text(f"[akoo_core.commands]\n{lines}\n")
    (tmp_path / "cli_requests.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    real: Callable[..., Iterable[metadata.EntryPoint]] = metadata.entry_points

    def only_these(**query: Any) -> metadata.EntryPoints:
        points = real(**query)
        here = str(tmp_path)
        return metadata.EntryPoints(
            point for point in points if point.dist and str(point.dist.locate_file("")) == here
        )

    monkeypatch.setattr(metadata, "entry_points", only_these)
    yield
    sys.modules.pop("cli_requests", None)


def working(world: CommandWorld, name: str = "akoo-1", key: str = SHOP, **spec: Any) -> None:
    """A record that the plugin works for."""
    world.record(name, key, uid=world.cluster(key), **{"plugins": WORKS, **spec})


@pytest.mark.parametrize(
    ("flags", "value", "message"),
    [
        ((), "requested", "team-a/shop gets another account, and its AKO starts once."),
        (("--compromised",), "compromised", "The old account of team-a/shop is deleted as soon"),
        (
            ("--now-even-if-ako-stops", "--compromised"),
            "compromised,now-even-if-ako-stops",
            "gets another account",
        ),
    ],
)
def test_it_is_explained_and_written(
    world: CommandWorld, flags: tuple[str, ...], value: str, message: str
) -> None:
    working(world)
    code, out, _ = world("rotate", SHOP, *flags, "--yes")
    assert code == 0
    assert message in out
    assert ("deleted as soon" in out) == ("--compromised" in flags)
    assert world.annotations() == {KEY: value}


def test_without_yes_it_asks_after_it_said_what_it_does(
    world: CommandWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    working(world)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    code, out, err = world("rotate", SHOP)
    assert (code, "--yes" in err, "gets another account" in out) == (2, True, True)
    assert world.annotations() == {}
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(click, "confirm", lambda _: False)
    assert world("rotate", SHOP)[0] == 1
    assert world.annotations() == {}
    monkeypatch.setattr(click, "confirm", lambda _: True)
    assert world("rotate", SHOP)[0] == 0
    assert world.annotations() == {KEY: "requested"}


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"finished_at": NOW}, "akoo-1 of team-a/shop is Finished"),
        ({"leaving": Leaving(cause="ClusterDeleted", started_at=NOW)}, "AKO is being removed"),
        ({"plugins": ("ako",)}, 'plugin "accounts" does nothing for team-a/shop (there: ako)'),
        ({"plugins": ()}, "(there: no plugin yet)"),
        ({"annotations": {"done": ""}}, "the old account is gone already"),
    ],
)
def test_without_effect_it_is_refused(
    world: CommandWorld, spec: dict[str, Any], message: str
) -> None:
    working(world, **spec)
    before = world.annotations()
    code, out, err = world("rotate", SHOP, "--yes")
    assert (code, out) == (2, "")
    assert message in err
    assert err.endswith("Nothing was changed.\n")
    assert world.annotations() == before


def test_a_relocation_does_not_refuse_it(world: CommandWorld) -> None:
    working(world, leaving=Leaving(cause="Relocated", started_at=NOW))
    assert world("rotate", SHOP, "--yes")[0] == 0


def test_a_plugin_that_fails_is_one_line(world: CommandWorld) -> None:
    working(world, annotations={"broken": ""})
    code, _, err = world("rotate", SHOP, "--yes")
    assert (code, err) == (1, "akoo-core: plugin accounts failed: RuntimeError: a bug\n")


def test_one_that_is_there_is_not_written_and_another_value_is_replaced(
    world: CommandWorld,
) -> None:
    working(world, annotations={KEY: "requested", "akoo.io/paused": ""})
    code, out, _ = world("rotate", SHOP, "--yes")
    assert (code, "has this annotation already; nothing was changed" in out) == (0, True)
    code, out, _ = world("rotate", SHOP, "--compromised", "--yes")
    assert code == 0
    assert f"akoo-1 has {KEY}=requested now; this replaces it." in out
    assert "akoo-1 is paused: nothing of this happens until you resume it." in out
    assert world.annotations()[KEY] == "compromised"


# All clusters of a config.


def test_all_clusters_of_a_config(world: CommandWorld) -> None:
    working(world, "akoo-1", SHOP)
    working(world, "akoo-2", BLOG)
    working(world, "akoo-3", "team-a/there", annotations={KEY: "compromised"})
    working(world, "akoo-4", "team-a/other", plugins=("ako",))
    working(world, "akoo-5", "team-b/elsewhere", config="another")
    working(world, "akoo-6", "team-a/over", finished_at=NOW)
    code, out, _ = world("rotate", "--config", "default", "--compromised", "--yes")
    assert code == 0
    assert "each of the 2 clusters of config default gets another account" in out
    assert "The clusters: team-a/blog, team-a/shop." in out
    assert "left out: akoo-3 of team-a/there has this annotation already" in out
    assert 'left out: plugin "accounts" does nothing for team-a/other' in out
    assert "annotated 2 of 2 records" in out
    written = {name: world.annotations(f"akoo-{name}").get(KEY) for name in range(1, 7)}
    assert written == dict.fromkeys((1, 2, 3), "compromised") | dict.fromkeys((4, 5, 6))
    code, out, err = world("rotate", "--config", "default", "--compromised", "--yes")
    assert (code, "no cluster of config default is left" in err) == (2, True)


def test_one_of_many_that_changes_meanwhile_is_named(
    world: CommandWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    working(world, "akoo-1", SHOP)
    working(world, "akoo-2", BLOG)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    seen: list[str] = []
    patch = write.patch

    async def late(kube: client.KubeClient, record: Record, change: write.ConfirmedPatch) -> None:
        meanwhile: dict[str, dict[str, str]] = {}
        if record.name == "akoo-1" and len(seen) == 1:
            meanwhile = {"labels": {"x": "y"}}
        if record.name == "akoo-2" and len(seen) == 1:
            meanwhile = {"annotations": {KEY: "another"}}
        await kube.merge_patch(resource.AKO_DEPLOYMENTS, record.name, {"metadata": meanwhile})
        await patch(kube, record, change)

    monkeypatch.setattr(write, "patch", late)

    def agree(question: str) -> bool:
        seen.append(question)
        return True

    monkeypatch.setattr(click, "confirm", agree)
    code, out, err = world("rotate", "--config", "default")
    assert seen == ["Annotate 2 records?"]
    assert (code, "annotated 1 of 2 records" in out) == (1, True)
    assert "the records of team-a/blog changed meanwhile. Repeat the command" in err
    assert (world.annotations("akoo-1"), world.annotations("akoo-2")) == (
        {KEY: "requested"},
        {KEY: "another"},
    )
    assert world("rotate", "--config", "default")[0] == 0
    assert seen[1:] == ["Annotate 1 record?"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("rotate",), "name one Cluster (NAMESPACE/NAME), or all of a --config NAME"),
        (("rotate", SHOP, "--config", "default"), "name one Cluster (NAMESPACE/NAME), or all"),
        (("rotate", "--config", "default", "--record", "akoo-1"), "--record goes with one Cluster"),
        (("rotate", "--config", "defualt"), 'by a config defualt. Did you mean "default"?'),
        (("rotate", "shop"), "'shop' is not NAMESPACE/NAME"),
        (("rotate", "team-a/shup"), 'Did you mean "team-a/shop"?'),
        (("rotate", SHOP, "--compromise"), "'--compromised'?"),
        (("renew",), "missing argument 'NAMESPACE/NAME'"),
        (("renew", SHOP, "--config", "default"), "no such option"),
        (("rotat", SHOP), 'Did you mean "rotate"?'),
        (("wrong", SHOP), "'Wrong' takes lower case letters, digits and single hyphens; Wrong"),
        (("nothing", SHOP), "cli_requests:NOTHING must be a PluginAnnotation or a"),
        (("gone", SHOP), "cannot be imported from cli_requests_gone:X: ModuleNotFoundError"),
        (("twice", SHOP), 'several plugins have a command "twice": plugin accounts (akoo-accounts'),
    ],
)
def test_a_wrong_command_line_is_one_line(
    world: CommandWorld, words: tuple[str, ...], message: str
) -> None:
    working(world)
    code, out, err = world(*words)
    assert (code, out) == (2, "")
    assert err.startswith("akoo-core: ")
    assert err.count("\n") == 1
    assert message in err
    assert world.annotations() == {}


def test_a_command_without_flags_takes_one_cluster(world: CommandWorld) -> None:
    working(world)
    assert world("renew", SHOP, "--yes")[0] == 0
    assert world.annotations() == {"accounts.akoo.io/renew": "requested"}


# Help.


def test_help_lists_the_commands_of_plugins_without_importing_them(world: CommandWorld) -> None:
    code, out, _ = world("--help")
    assert code == 0
    others = " ".join(out.partition("Commands of plugins:")[2].split())
    assert "rotate" in others
    assert "Of plugin accounts (akoo-accounts 0.1.0); see akoo-core rotate --help" in others
    assert "gone" in others
    assert "pause" not in others, "a command of the core is the core's"
    assert "cli_requests" not in sys.modules


def test_help_of_a_command_of_a_plugin(world: CommandWorld) -> None:
    _, out, _ = world("rotate", "--help")
    assert "[NAMESPACE/NAME]" in out
    assert "Give a cluster another account." in out
    for option in (
        "--compromised",
        "--now-even-if-ako-stops",
        "--config NAME",
        "--record",
        "--yes",
    ):
        assert option in out
    _, out, _ = world("renew", "--help")
    assert "[OPTIONS] NAMESPACE/NAME" in out
    assert "--config" not in out


def test_a_command_of_the_core_wins(world: CommandWorld) -> None:
    context = click.Context(commands.akoo_core)
    pause = commands.akoo_core.get_command(context, "pause")
    assert pause is not None
    assert "until it is resumed" in str(pause.help)


def test_the_choice_is_pure() -> None:
    annotation = api.PluginAnnotation(name="renew", help="x", effects=("{key}",))
    request = requests.PluginRequest(plugin="accounts", annotation=annotation, flags=frozenset())
    records: tuple[Record, ...] = ()
    assert requests.chosen(request, records) == requests.Recipients()
    assert request.effects("a {b} c") == ("a {b} c",)


# Completion by the shell.


def completed(*words: str, last: str = "") -> list[str]:
    kind = shell_completion.get_completion_class("bash")
    assert kind is not None
    asked = kind(commands.akoo_core, {}, "akoo-core", "_AKOO_CORE_COMPLETE")
    return [item.value for item in asked.get_completions(list(words), last)]


def test_commands_of_plugins_are_completed_and_broken_ones_are_silent(world: CommandWorld) -> None:
    world.cluster(SHOP)
    assert completed(last="rotat") == ["rotate"]
    assert completed(last="gon") == ["gone"], "its name needs no import; typed, it says the cause"
    for unknown in ("gone", "nosuch"):
        assert completed(unknown, last="--") == completed(last="--")
    assert completed(last="p") == ["pause", "plan", "plugins"]
    assert completed("rotate", last="--comp") == ["--compromised"]
    assert completed("rotate", last="team") == [SHOP]
