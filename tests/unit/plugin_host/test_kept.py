"""A plugin's own secrets: opened in time, and never said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from akoo_core import clock, external
from akoo_core.plugin import api
from akoo_core.plugin.errors import SecretMissingError, VerbError
from akoo_core.plugin_host import context
from akoo_core.plugin_host.kept import keep, opening
from akoo_core.reconcile.read import secret_reader
from akoo_core.testing import calls, memory


class Keeper(api.Plugin):
    """Opens the secrets that it keeps as the test says."""

    name = "keeper"

    def __init__(self, act: Callable[..., Any]) -> None:
        super().__init__()
        self.act = act

    async def open_secret(self, source: api.SecretSource, ctx: api.SecretContext) -> Any:
        answer = self.act(source)
        return await answer if asyncio.iscoroutine(answer) else answer


SERVER = memory.MemoryServer()
MEANS = context.Means(
    clock=clock.ManualClock(),
    external=external.External(),
    secrets=secret_reader.ManagementSecretReader(SERVER.client(), allowed_namespaces=()).once,
    threads=lambda _: calls.InlineThreads(),
    management_id="mgmt",
    keep=lambda plugin: keep.of_plugin(plugin, SERVER.client(), "akoo-system"),
)
SOURCE = api.SecretSource(plugin="keeper", key="password")


def _raise(error: BaseException) -> Callable[[object], Any]:
    def act(_: object) -> Any:
        raise error

    return act


async def _opened(act: Callable[..., Any]) -> bytes | None:
    return await opening.KeptSecrets(MEANS).open(Keeper(act), SOURCE)


async def test_a_kept_secret_is_opened() -> None:
    for value in (b"s3cret", None):
        assert await _opened(lambda _, value=value: value) == value
    with pytest.raises(SecretMissingError):
        await _opened(_raise(SecretMissingError("make it")))


async def test_a_kept_secret_that_cannot_be_opened_is_a_masked_failure_of_its_plugin() -> None:
    answer = {"data": {"password": "c4nary"}}
    for act in (_raise(KeyError(f"no field in {answer}")), lambda _: "text", lambda _: answer):
        with pytest.raises(VerbError, match="open_secret of plugin keeper") as caught:
            await _opened(act)
        assert "c4nary" not in str(caught.value)


async def test_a_kept_secret_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "SECONDS", 0.01)
    with pytest.raises(VerbError, match="took longer") as caught:
        await _opened(lambda _: asyncio.Event().wait())
    assert caught.value.timed_out
