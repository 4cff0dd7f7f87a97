from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest

from akoo_core import errors
from akoo_core.plugin import api
from akoo_core.plugin.api import hookimpl
from akoo_core.plugin_host import registry


class Color(api.Fact, frozen=True, kw_only=True):
    fact_name = "Color"


class First(api.Plugin):
    name = "first"
    provides: ClassVar[tuple[type[api.Fact], ...]] = (Color,)
    closed: list[str]

    @hookimpl
    async def prepare(self) -> api.Result | None:
        return api.Done()

    async def close(self) -> None:
        self.closed.append(self.name)


class Second(First):
    name = "second"
    provides = ()
    requires = (Color,)


class Broken(api.Plugin):
    name = "broken"

    @hookimpl
    def drain(self) -> None: ...


def test_providers_come_first_and_leaves_verbs_run_backwards() -> None:
    first, second = First(), Second()
    plugins = registry.PluginSet([second, first])
    assert plugins.names == ("first", "second")
    assert plugins.ordered == (first, second)
    assert plugins.reverse == (second, first)
    assert plugins.get("second") is second
    assert plugins.get("third") is None


def test_each_plugin_has_its_own_implementation() -> None:
    first, second = First(), Second()
    plugins = registry.PluginSet([second, first])
    for plugin in (first, second):
        implementation = plugins.implementation(plugin, "prepare")
        assert implementation is not None
        assert implementation.arguments == ()
        assert getattr(implementation.function, "__self__", None) is plugin
    assert plugins.implementation(first, "drain") is None


def test_a_plugin_that_breaks_the_contract_is_refused() -> None:
    with pytest.raises(errors.InputError, match=r"plugin broken: .*test_registry\.py:\d+: drain"):
        registry.PluginSet([Broken()])


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(errors.InputError, match="two plugins are named 'first'"):
        registry.PluginSet([First(), First()])


async def test_all_are_closed_last_first_whatever_one_does(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Raises(Second):
        name = "raises"

        async def close(self) -> None:
            raise OSError("token=abc is gone")

    class Hangs(Second):
        name = "hangs"

        async def close(self) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr(registry, "CLOSE_SECONDS", 0.01)
    closed: list[str] = []
    monkeypatch.setattr(First, "closed", closed, raising=False)
    await registry.PluginSet([First(), Raises(), Second(), Hangs()]).close()
    assert closed == ["second", "first"]
    assert [vars(line)["plugin"] for line in caplog.records] == ["hangs", "raises"]
    assert "abc" not in vars(caplog.records[1])["error"]
