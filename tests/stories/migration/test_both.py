"""The ancestor and akoo-core run at once: akoo-core writes nothing that the ancestor has."""

from __future__ import annotations

import re
from typing import Any

import aiohttp
from akoo_testbed import waiting
from akoo_testbed.ancestor import objects

from akoo_core.objects import names
from akoo_core.sandbox import process
from tests.stories.migration import place
from tests.stories.setting import CLUSTER, CONFIG, NAME, RECORD, SECONDS, Object, condition

LOG_LEVELS = {True: "DEBUG", False: "INFO"}


@place.story()
async def test_both_operators_at_once() -> None:
    """akoo-core is started beside the ancestor, and makes no record. After a switch the ancestor is
    started again, and has its finalizers on everything: a change of the config reaches no cluster,
    until a person repeats the command."""
    async with place.opened("both", 1) as p:
        (member,) = p.members
        before = _without_definition(await p.end())
        async with p.operator() as operator:
            await _config_says(p, "TwoOperators")
            await _looks_again(p, operator)
            assert await p.api.list(RECORD) == []
            await p.others_work()
            await p.unchanged()
        assert _without_definition(await p.end()) == before
        printed = await p.must("migrate-akoo", "check")
        assert "Nothing blocks a switch." in printed, printed

        await p.must("migrate-akoo", "run", "--yes")
        async with p.operator() as operator:
            await member.adoption.adopted()
            pause = {"spec": {"paused": False}}
            where = (objects.MANAGEMENT_NAMESPACE, objects.PACKAGE)
            await p.api.patch(objects.PACKAGE_INSTALLS, *where, pause)
            await p.others_work()
            both = [names.FINALIZER, objects.FINALIZER]
            owners = await p.owners()
            assert all(sorted(each) == sorted(both) for each in owners.values()), owners
            await member.says("Ready", "TwoOperators")
            await _log(p, member, debug=True)
            await _looks_again(p, operator)
            assert await _log_level(member) != LOG_LEVELS[True]
            await p.unchanged()
            assert not await member.restored()
            code, printed = await p.typed("migrate-akoo", "run", "--yes")
            assert code == 1, printed
            assert "OperatorRuns" in printed, printed
        await p.must("migrate-akoo", "run", "--yes")
        assert await p.owned_by(names.FINALIZER)
        await p.unchanged()
        async with p.operator():
            await waiting.until(
                lambda: _is_debug(member), title="the change of the config", seconds=SECONDS
            )


def _without_definition(end: dict[str, Any]) -> dict[str, Any]:
    """Without that of configs: an installation of akoo-core replaces it."""
    return {key: obj for key, obj in end.items() if not key.startswith(objects.DEFINITIONS)}


async def _config_says(p: place.Place, reason: str) -> None:
    def says(obj: Object | None) -> bool:
        return condition(obj or {}, "Ready").get("reason") == reason

    await p.api.wait_for(CONFIG, None, p.scene.config, says, SECONDS)


async def _log(p: place.Place, member: place.Member, *, debug: bool) -> None:
    """A person asks for another log level."""
    log = {"extraConfigs": {"log": {"logLevel": LOG_LEVELS[debug]}}}
    await p.api.patch(CONFIG, None, member.config, {"spec": log})


async def _log_level(member: place.Member) -> str:
    (data,) = [obj["data"] for obj in await member.adoption.objects() if obj["kind"] == "ConfigMap"]
    return str(data["logLevel"])


async def _is_debug(member: place.Member) -> bool:
    return await _log_level(member) == LOG_LEVELS[True]


async def _looks_again(p: place.Place, operator: process.OperatorProcess) -> None:
    """The operator has looked at each Cluster, since they changed."""
    seen = await _looks(operator)
    for member in p.members:
        note = {"metadata": {"annotations": {"note": f"after {seen}"}}}
        await p.api.patch(CLUSTER, member.namespace, NAME, note)

    async def looked() -> bool:
        return await _looks(operator) > seen

    await waiting.until(looked, title="a look at the Clusters", seconds=SECONDS)
    for member in p.members:
        gone = {"metadata": {"annotations": {"note": None}}}
        await p.api.patch(CLUSTER, member.namespace, NAME, gone)


async def _looks(operator: process.OperatorProcess) -> int:
    """The number of reconciles of Clusters that have ended."""
    async with (
        aiohttp.ClientSession(trust_env=False) as session,
        session.get(f"{operator.url}/metrics") as answer,
    ):
        text = await answer.text()
    name = r'controller_runtime_reconcile_total\{controller="record",.*\} ([0-9.]+)'
    return sum(int(float(each)) for each in re.findall(name, text))
