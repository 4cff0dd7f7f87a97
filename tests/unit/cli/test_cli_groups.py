"""Groups of commands that plugins bring: their means, their output, and their mistakes."""

from __future__ import annotations

import asyncio
import functools
import importlib
import json
import pathlib
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from typing import Any

import pytest

from akoo_core import structs
from akoo_core.cli import management
from akoo_core.kube import client, resource, workloads
from akoo_core.testing.memory import MemoryServer
from tests.unit.cli.commands_world import CommandWorld

SHOP = "team-a/shop"
SOURCE = """
from akoo_core.plugin import api, commands, kube, structs

class Settings(structs.StrictStruct, frozen=True, kw_only=True):
    region: str = "north"

REORDER = api.PluginAnnotation(
    name="reorder", help="Order again.", effects=("{key} gets one more book.",)
)
OTHER = api.PluginAnnotation(name="other", help="Do more.", effects=("More is done.",))

class Shelf(api.Plugin):
    settings_type = Settings
    annotations = (REORDER,)

SEEN = []

async def look(ctx):
    SEEN.append(ctx)
    names = tuple(record.name for record in ctx.records)
    return commands.CommandAnswer(lines=names, data={"records": list(names)}, exit_code=3)

async def reach(ctx):
    (cluster,) = (await ctx.kube.list(kube.CLUSTERS)).items
    answer = await ctx.reach(cluster)
    return commands.CommandAnswer(
        lines=(str((answer.reason, answer.message)),), data={}, exit_code=3
    )

async def spoil(ctx):
    new = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "y"}}
    await (ctx.workload or ctx.kube).create(kube.CONFIG_MAPS, new)

async def preview(ctx):
    SEEN.append(ctx)
    closed = ctx.settings.region == "closed"
    return commands.CommandAnswer(lines=("It writes y/x.",), data={}, exit_code=int(closed))

async def put(ctx):
    await spoil(ctx)
    return commands.CommandAnswer(lines=("written",), data={"written": 1})

async def early(ctx):
    await spoil(ctx)

COMMANDS = (
    commands.PluginCommand(name="put", help="Write x.", run=put, preview=preview, writes=True),
    commands.PluginCommand(name="early", help="Write x.", run=put, preview=early, writes=True),
    commands.PluginCommand(name="look", help="Look at it.", run=look, of_cluster=True),
    commands.PluginCommand(name="all", help="Look at all.", run=look),
    commands.PluginCommand(name="reach", help="Reach all.", run=reach),
    commands.PluginCommand(name="spoil", help="Write something.", run=spoil),
    commands.PluginCommand(name="spoil-shop", help="Write there.", run=spoil, of_cluster=True),
)
GROUP = commands.CommandGroup(
    help="Look at the shelf.", commands=COMMANDS, annotations=(REORDER,)
)
EMPTY = commands.CommandGroup(help="Nothing.", commands=())
TWICE = commands.CommandGroup(help=" ", commands=(COMMANDS[2], COMMANDS[2]))
"""
POINTS = """[akoo_core.plugins]
shelf = cli_groups:Shelf
[akoo_core.commands]
shelf.shelf = cli_groups:GROUP
crate.empty = cli_groups:EMPTY
crate.twice = cli_groups:TWICE
"""


@pytest.fixture(autouse=True)
def installed(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A distribution whose plugin has groups, and no other."""
    info = tmp_path / "akoo_shelf-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: akoo-shelf\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    (tmp_path / "cli_groups.py").write_text(SOURCE)
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
    sys.modules.pop("cli_groups", None)


@pytest.fixture
def shop(world: CommandWorld, monkeypatch: pytest.MonkeyPatch) -> MemoryServer:
    """The workload cluster of team-a/shop, which the commands reach."""
    server = MemoryServer()
    world.cluster(SHOP)

    async def client_for(self: workloads.WorkloadClients, *_: str) -> client.KubeClient:
        return server.client(external=self._external)

    monkeypatch.setattr(workloads.WorkloadClients, "client_for", client_for)
    return server


def seen() -> Any:
    """The context of the last call."""
    return sys.modules["cli_groups"].SEEN[-1]


def test_it_gets_its_means_and_gives_text_json_and_the_exit_code(
    world: CommandWorld, shop: MemoryServer, tmp_path: pathlib.Path
) -> None:
    world.config("default")
    world.record("akoo-1")
    settings = tmp_path / "settings.yaml"
    settings.write_text("plugins: {shelf: {region: south}}\n")
    assert world("shelf", "look", SHOP, "--config", str(settings)) == (3, "akoo-1\n", "")
    ctx = seen()
    assert (ctx.settings.region, ctx.cluster.key, ctx.unreached) == ("south", SHOP, "")
    assert [config["metadata"]["name"] for config in ctx.configs] == ["default"]
    assert asyncio.run(ctx.workload.get(resource.NAMESPACES, "kube-system"))
    code, out, _ = world("shelf", "all", "--output", "json")
    assert (code, json.loads(out)) == (3, {"records": ["akoo-1"]})
    assert (seen().settings.region, seen().cluster, seen().workload) == ("north", None, None)


def test_it_gets_the_problems_of_configs(world: CommandWorld) -> None:
    network = {"name": "vip", "cidr": "10.0.0.0/24"}
    secret = {"name": "a", "namespace": "avi"}
    spec: dict[str, Any] = {
        "cloudName": "dc1",
        "controller": "avi",
        "serviceEngineGroup": "seg",
        "adminCredentialRef": secret,
        "certificateAuthorityRef": secret,
        "dataNetwork": network,
    }
    world.config("good", {"team": "a"}, **spec)
    world.config("types", **{**spec, "extraConfigs": {"enableEVH": "true"}})
    world.config("unknown", **spec, colour="red")
    world.config("selector", clusterSelector={"matchExpressions": [{"key": "a"}]}, **spec)
    assert world("shelf", "all")[0] == 3
    problems = seen().config_problems
    assert {name: len(sentences) for name, sentences in problems.items()} == {
        "types": 1,
        "unknown": 1,
        "selector": 1,
    }
    assert problems["types"] == ("spec.extraConfigs.enableEVH: must be of type boolean",)
    assert problems["unknown"] == ("spec.colour: is not in the schema, and would be dropped",)
    assert "operator" in problems["selector"][0]


def test_it_runs_before_our_definitions_are_there(world: CommandWorld) -> None:
    for kind in (resource.AKO_DEPLOYMENTS, resource.AKO_DEPLOYMENT_CONFIGS):
        world.server.served.stop(kind)
    assert world("shelf", "all")[0] == 3
    assert (seen().records, seen().configs, seen().config_problems) == ((), (), {})


def test_it_reaches_any_workload_cluster(world: CommandWorld, shop: MemoryServer) -> None:
    assert shop.objects(resource.NAMESPACES)
    assert world("shelf", "reach") == (3, "('', '')\n", "")


def test_a_workload_cluster_without_a_kubeconfig_has_a_reason(world: CommandWorld) -> None:
    world.cluster(SHOP)
    code, out, _ = world("shelf", "reach")
    assert code == 3
    assert out.startswith("('KubeconfigMissing', 'The workload cluster team-a/shop cannot be ")


def test_a_cluster_that_cannot_be_reached_has_a_reason(world: CommandWorld) -> None:
    world.cluster(SHOP)
    assert world("shelf", "look", SHOP)[0] == 3
    assert seen().workload is None
    assert seen().unreached.startswith("The workload cluster team-a/shop cannot be reached: ")


def test_it_cannot_write(world: CommandWorld, shop: MemoryServer) -> None:
    for arguments in (("spoil",), ("spoil-shop", SHOP)):
        code, _, err = world("shelf", *arguments)
        assert (code, err.count("\n")) == (1, 1)
        assert "it tried to write in a read-only call. Nothing was changed" in err
    for server in (world.server, shop):
        assert server.objects(resource.CONFIG_MAPS, "y") == []


def test_a_command_that_writes_shows_its_preview_and_is_confirmed(
    world: CommandWorld, tmp_path: pathlib.Path
) -> None:
    """It writes only after a confirmation, and what comes before cannot write at all."""
    there = functools.partial(world.server.objects, resource.CONFIG_MAPS, "y")
    code, out, err = world("shelf", "put")
    assert (code, out) == (2, "It writes y/x.\n")
    assert "there is no terminal to ask on: give --yes" in err
    closed = tmp_path / "settings.yaml"
    closed.write_text("plugins: {shelf: {region: closed}}\n")
    assert world("shelf", "put", "--yes", "--config", str(closed)) == (1, "It writes y/x.\n", "")
    assert "it tried to write in a read-only call" in world("shelf", "early", "--yes")[2]
    assert there() == []
    assert world("shelf", "put", "--yes") == (0, "It writes y/x.\nwritten\n", "")
    assert len(there()) == 1


def test_a_request_below_the_word_of_a_group(world: CommandWorld) -> None:
    world.record("akoo-1", plugins=("shelf",))
    code, out, err = world("shelf", "reorder", SHOP)
    assert (code, out) == (2, "team-a/shop gets one more book.\n")
    assert "give --yes" in err
    assert world("shelf", "reorder", SHOP, "--yes")[0] == 0
    assert world.annotations()["shelf.akoo.io/reorder"] == "requested"
    assert "Order again." in world("shelf", "reorder", "--help")[1]


def test_a_request_that_the_plugin_does_not_declare(
    world: CommandWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world("shelf", "--help")
    module = importlib.import_module("cli_groups")
    commands = (*module.GROUP.annotations, module.OTHER)
    monkeypatch.setattr(module, "GROUP", structs.replace(module.GROUP, annotations=commands))
    code, _, err = world("shelf", "all")
    assert code == 2
    assert "writes an annotation that the plugin does not declare" in err


def test_json_of_a_command_that_writes_is_one_document(world: CommandWorld) -> None:
    code, out, _ = world("shelf", "put", "--yes", "--output", "json")
    assert (code, json.loads(out)) == (0, {"written": 1})


def test_a_command_that_writes_knows_the_operator(world: CommandWorld) -> None:
    assert world("shelf", "put", "--yes")[0] == 0
    operator = seen().operator
    assert (operator.namespace, operator.holder) == ("akoo-system", "")
    assert {each["kind"] for each in seen().definitions} == {"CustomResourceDefinition"}
    renewed = seen().clock.now().strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    lease = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "akoo-core", "namespace": "akoo-system"},
        "spec": {"holderIdentity": "pod-1", "renewTime": renewed, "leaseDurationSeconds": 60},
    }
    world.server.seed(lease)
    world("shelf", "put", "--yes")
    assert seen().operator.holder == "pod-1"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("shelf", "look", "team-a/shup"), 'no Cluster team-a/shup. Did you mean "team-a/shop"?'),
        (("shelf", "look", "shop"), "'shop' is not NAMESPACE/NAME"),
        (("shelf", "lok"), 'there is no command "akoo-core shelf lok". Did you mean "look"?'),
        (("empty", "look"), "it has no commands"),
        (("twice", "look"), "it has the command look twice"),
        (("twice", "look"), "it and each of its commands need a help"),
    ],
)
def test_a_mistake_is_one_line(world: CommandWorld, words: tuple[str, ...], message: str) -> None:
    world.cluster(SHOP)
    code, out, err = world(*words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


@pytest.mark.parametrize("words", [("shelf", "look"), ("explain",), ("leave",)])
def test_a_wrong_form_is_refused_before_a_server_is_asked(
    world: CommandWorld, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: object, **__: object) -> None:
        raise AssertionError("a server was asked")

    monkeypatch.setattr(management, "run", asked)
    code, _, err = world(*words, "shop", *(("sweep",) if words == ("leave",) else ()))
    assert (code, err.count("\n")) == (2, 1)
    assert "'shop' is not NAMESPACE/NAME" in err


def test_help(world: CommandWorld) -> None:
    code, out, _ = world("shelf", "--help")
    assert code == 0
    assert "Look at the shelf." in out
    assert "Look at it." in out
    assert "NAMESPACE/NAME" in world("shelf", "look", "--help")[1]
