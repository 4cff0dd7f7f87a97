"""Asks plugins about systems outside, as `akoo-core plan` and `akoo-core check` do.

Everything is read with the rights of the person who started the page. A plugin that does not answer
in time costs only its own answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import pathlib

from akoo_core import external, structs
from akoo_core.app import parts
from akoo_core.cli import management, operating
from akoo_core.cli.check.ask import PluginFindings
from akoo_core.cli.explain.command import Facts
from akoo_core.cli.plan.ask import PluginPlan, problem_of
from akoo_core.kube import client
from akoo_core.objects.record import Record
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.plugin_host import context
from akoo_core.reconcile.act import attempt
from akoo_core.reconcile.act.services import Services

SECONDS = 10.0
"""Time limit for the answer of a plugin about one cluster."""
SYSTEMS_SECONDS = 20.0
"""The same about all systems."""


class PluginAsker:
    """An outside.Asker over the plugins that the settings select.

    ``kube`` may only read; refused logins are stored with a second client from ``kubeconfig``.
    The services open with the first question.
    """

    def __init__(
        self,
        kube: client.KubeClient,
        loaded: operating.OperatorParts,
        seam: external.External,
        kubeconfig: pathlib.Path | None,
    ) -> None:
        self._kube = kube
        self._loaded = loaded
        self._seam = seam
        self._kubeconfig = kubeconfig
        self._opening = asyncio.Lock()
        self._opened: Services | None = None
        self._stack = contextlib.AsyncExitStack()

    async def objects(self, facts: Facts, record: Record) -> tuple[PluginPlan, ...]:
        """See :class:`akoo_core.cli.ui.outside.Asker`."""
        services = await self._services()
        ref = record.spec.config_ref
        looking = attempt.Attempt(
            services=services,
            name=record.name,
            number=0,
            record=record,
            cluster=facts.own(record),
            config=next(
                (c for c in facts.configs.known if (c.name, c.uid) == (ref.name, ref.uid)), None
            ),
        )
        plugins = self._plugins(services, "plan")
        return tuple(await asyncio.gather(*(_objects(looking, plugin) for plugin in plugins)))

    async def systems(
        self, configs: tuple[structs.JSON, ...], records: tuple[Record, ...]
    ) -> tuple[PluginFindings, ...]:
        """See :class:`akoo_core.cli.ui.outside.Asker`."""
        services = await self._services()
        means = parts.means(services)
        belongings = context.Belongings(
            registered=self._loaded.registered, records=records, configs=configs
        )
        return tuple(
            await asyncio.gather(
                *(
                    _findings(
                        services,
                        plugin,
                        context.build_check_context(plugin, means, self._kube, belongings),
                    )
                    for plugin in self._plugins(services, "check")
                )
            )
        )

    async def close(self) -> None:
        """Log out everywhere."""
        await self._stack.aclose()

    def _plugins(self, services: Services, hook: str) -> list[api.Plugin]:
        implements = services.caller.implements
        return [plugin for plugin in self._loaded.plugins.ordered if implements(plugin, hook)]

    async def _services(self) -> Services:
        async with self._opening:
            if self._opened is None:
                async with contextlib.AsyncExitStack() as stack:
                    writing = await stack.enter_async_context(management.beside(self._kubeconfig))
                    remembered = operating.logins(self._loaded, writing, login=False)
                    self._opened = await stack.enter_async_context(
                        operating.services(self._kube, self._loaded, self._seam, remembered)
                    )
                    self._stack = stack.pop_all()
            return self._opened


async def _objects(looking: attempt.Attempt, plugin: api.Plugin) -> PluginPlan:
    try:
        async with asyncio.timeout(SECONDS):
            ctx = looking.context(plugin, None)
            actions = await looking.services.caller.plan(plugin, ctx, "sweep")
    except VerbError as error:
        return PluginPlan(plugin=plugin.name, problem=problem_of(error))
    except TimeoutError:
        return PluginPlan(plugin=plugin.name, problem=_late(plugin, SECONDS))
    return PluginPlan(plugin=plugin.name, actions=actions or ())


async def _findings(
    services: Services, plugin: api.Plugin, ctx: api.CheckContext
) -> PluginFindings:
    try:
        async with asyncio.timeout(SYSTEMS_SECONDS):
            findings = await services.caller.check(plugin, ctx)
    except VerbError as error:
        return PluginFindings(plugin=plugin.name, problem=error.problem)
    except TimeoutError:
        return PluginFindings(plugin=plugin.name, problem=_late(plugin, SYSTEMS_SECONDS))
    return PluginFindings(plugin=plugin.name, findings=findings or ())


def _late(plugin: api.Plugin, seconds: float) -> str:
    return f"no answer within {seconds:.0f} s. See akoo-core check {plugin.name}"
