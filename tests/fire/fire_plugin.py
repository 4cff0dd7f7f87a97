"""A plugin with every verb, whose outside system is across HTTP and counts what it is asked.

It runs in the operator's process, as any third party's plugin does.
"""

from __future__ import annotations

from typing import Any, ClassVar

import aiohttp

from akoo_core import structs
from akoo_core.plugin import api

NAME = "fire"


class FireSettings(structs.StrictStruct, frozen=True, kw_only=True):
    """The address of the outside system."""

    url: str
    """Address of the outside system, without a slash at its end."""


class FirePlugin(api.Plugin):
    """A claim and an account in ``prepare``; AKO's objects of that account in ``sweep``."""

    settings_type: ClassVar[type[structs.StrictStruct] | None] = FireSettings

    def __init__(self, settings: FireSettings) -> None:
        super().__init__(settings)
        self._url = settings.url
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    @api.hookimpl
    def intend(self, view: api.View) -> api.Intent | None:
        if view.spec.leaving is not None:
            stored = view.intent(self.name)
            return api.Intent(data=stored.data) if stored else None
        return api.Intent(data={"account": view.record_name})

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        for kind in ("claims", "accounts"):
            path = f"{kind}/{ctx.view.record_name}"
            status, _ = await self._ask(ctx, "GET", path)
            if status == 404:
                await self._ask(ctx, "POST", path)
        return api.Done()

    @api.hookimpl
    async def confirm(self, ctx: api.VerbContext) -> api.Result:
        if ctx.view.intent(self.name) is not None:
            await self._ask(ctx, "GET", f"claims/{ctx.view.record_name}")
        return api.Done()

    @api.hookimpl
    async def fence(self, ctx: api.VerbContext) -> api.Fenced | None:
        if ctx.view.intent(self.name) is None:
            return None
        await self._ask(ctx, "DELETE", f"accounts/{ctx.view.record_name}")
        return api.Fenced(grade="Revoked", evidence="the account is deleted")

    @api.hookimpl
    async def sweep(self, ctx: api.VerbContext) -> api.Result:
        for name in await self._left(ctx):
            await self._ask(ctx, "DELETE", f"objects/{ctx.view.record_name}/{name}")
        return api.Done()

    @api.hookimpl
    async def verify(self, ctx: api.VerbContext) -> api.Proof:
        return api.Proof(own=len(await self._left(ctx)), queries=("objects",))

    @api.hookimpl
    async def release(self, ctx: api.VerbContext) -> api.Result:
        if ctx.view.intent(self.name) is not None:
            # Both: where AKO never ran there was nothing to fence.
            for kind in ("accounts", "claims"):
                await self._ask(ctx, "DELETE", f"{kind}/{ctx.view.record_name}")
        return api.Done()

    async def _left(self, ctx: api.VerbContext) -> list[str]:
        if ctx.view.intent(self.name) is None:
            return []
        _, answer = await self._ask(ctx, "GET", f"objects/{ctx.view.record_name}")
        names: list[str] = answer["names"]
        return names

    async def _ask(
        self, ctx: api.VerbContext, method: str, path: str
    ) -> tuple[int, dict[str, Any]]:
        """Status and answer. An account that is there already is as good as one just made."""
        if self._session is None:
            self._session = aiohttp.ClientSession(trust_env=False)
        operation = f"{method} {path.partition('/')[0]}"
        async with (
            ctx.external.call(NAME, operation, write=method != "GET", subject=path),
            self._session.request(method, f"{self._url}/{path}") as answer,
        ):
            if answer.status >= 400 and answer.status not in (404, 409):
                answer.raise_for_status()
            return answer.status, await answer.json()
