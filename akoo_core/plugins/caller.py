"""Calls verbs: one plugin, one verb, one cluster at a time.

pluggy registers and checks hooks but knows nothing of coroutines, so the calls are made here, each
with its timeout, span, metric and isolation: whatever a plugin raises comes out as a VerbError, and
nothing it started goes on after it. Which verbs are called, and in which order, is decided above.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Literal, overload

from akoo_core import errors
from akoo_core.plugins import answers, api, leaks, registry
from akoo_core.plugins.errors import BlockedError, VerbError, describe
from akoo_core.plugins.hooks import HOOKS, Hook
from akoo_core.plugins.observed import observed
from akoo_core.telemetry import metrics

VerbResult = api.Done | api.Wait | api.Blocked | api.Fenced | api.Proof | api.Unverified
"""What an async verb may answer; which of them depends on the verb."""
Planned = Literal["prepare", "sweep"]
ResultVerb = Literal["prepare", "observe", "confirm", "drain", "sweep", "release"]
SecretReferences = tuple[tuple[str, str], ...]
PureAnswer = api.Intent | api.Contribution | api.Wait | api.Blocked | SecretReferences

TIMEOUT_SECONDS: Mapping[str, float] = {
    **api.VERB_TIMEOUT_SECONDS,
    **api.COMMAND_TIMEOUT_SECONDS,
}

_PASSED_ON = (errors.LeadershipLostError,)
"""Not the plugin's fault, and not to be retried as if it were."""

_log = logging.getLogger(__name__)


class VerbCaller:
    """Calls the verbs of a PluginSet. ``timeouts`` are seconds per async hook."""

    def __init__(
        self,
        plugins: registry.PluginSet,
        *,
        timeouts: Mapping[str, float] = TIMEOUT_SECONDS,
    ) -> None:
        self._plugins = plugins
        self._timeouts = timeouts

    def implements(self, plugin: api.Plugin, verb: str) -> bool:
        """Whether the plugin has that hook."""
        return self._plugins.implementation(plugin, verb) is not None

    @overload
    async def call(
        self, verb: ResultVerb, plugin: api.Plugin, ctx: api.VerbContext
    ) -> api.Result | None: ...

    @overload
    async def call(
        self, verb: Literal["fence"], plugin: api.Plugin, ctx: api.VerbContext
    ) -> api.Fenced | api.Wait | api.Blocked | None: ...

    @overload
    async def call(
        self, verb: Literal["verify"], plugin: api.Plugin, ctx: api.VerbContext
    ) -> api.Proof | api.Unverified | api.Wait | api.Blocked | None: ...

    @overload
    async def call(
        self, verb: str, plugin: api.Plugin, ctx: api.VerbContext
    ) -> VerbResult | None: ...

    async def call(self, verb: str, plugin: api.Plugin, ctx: api.VerbContext) -> Any:
        """The plugin's answer; None when it has no such verb, or nothing to say.

        Raises VerbError when the verb raised, took longer than its timeout, or answered with a
        type it may not. Cancellation of the caller, LeadershipLostError and what is not an
        Exception pass through. A BlockedError becomes the answer Blocked.
        """
        return await self._ask(verb, plugin, ctx.view.record_name, {"ctx": ctx})

    async def plan(
        self, plugin: api.Plugin, ctx: api.VerbContext, verb: Planned
    ) -> tuple[api.PlannedAction, ...] | None:
        """What ``verb`` would do; None when the plugin cannot say. Raises as ``call`` does."""
        given = {"ctx": ctx, "verb": verb}
        answer: tuple[api.PlannedAction, ...] | None = await self._ask(
            "plan", plugin, ctx.view.record_name, given
        )
        return answer

    async def audit(self, plugin: api.Plugin, ctx: api.AuditContext) -> api.Audit | None:
        """What is left without a living owner. Raises as ``call`` does."""
        answer: api.Audit | None = await self._ask("audit", plugin, "", {"ctx": ctx})
        return answer

    async def remove_stray(
        self, plugin: api.Plugin, ctx: api.AuditContext, owner: str
    ) -> api.Result | None:
        """Take away what audit shows for ``owner``. Raises as ``call`` does."""
        given = {"ctx": ctx, "owner": owner}
        answer: api.Result | None = await self._ask("remove_stray", plugin, "", given)
        return answer

    async def _ask(
        self, name: str, plugin: api.Plugin, record: str, given: Mapping[str, Any]
    ) -> Any:
        found = self._plugins.implementation(plugin, name)
        if found is None:
            return None
        hook = HOOKS[name]
        with observed(name, plugin.name, record) as seen:
            answer = await self._run(hook, plugin, found, given)
            answers.check(hook, plugin, answer)
            seen.answered(answer)
        return answer

    async def _run(
        self,
        hook: Hook,
        plugin: api.Plugin,
        found: registry.Implementation,
        arguments: Mapping[str, Any],
    ) -> Any:
        seconds = self._timeouts[hook.name]
        with leaks.noted() as children:
            try:
                async with asyncio.timeout(seconds) as deadline:
                    return await found.function(*(arguments[one] for one in found.arguments))
            except _PASSED_ON:
                raise
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                raise VerbError(
                    plugin.name, hook.name, "it awaited something that was cancelled"
                ) from error
            except TimeoutError as error:
                if not deadline.expired():
                    raise VerbError(plugin.name, hook.name, describe(error)) from error
                raise VerbError(
                    plugin.name,
                    hook.name,
                    f"cancelled, it took longer than {seconds:g} s",
                    timed_out=True,
                ) from error
            except BlockedError as error:
                return _blocked(hook, plugin, error)
            except Exception as error:
                raise VerbError(plugin.name, hook.name, describe(error)) from error
            finally:
                await self._stop_leaks(hook.name, plugin.name, children)

    async def _stop_leaks(self, verb: str, plugin: str, children: set[asyncio.Task[Any]]) -> None:
        names = await leaks.stop(children)
        if names:
            metrics.LEAKED_TASKS.labels(verb, plugin).inc(len(names))
            _log.warning(
                "verb left tasks running, they were cancelled",
                extra={"verb": verb, "plugin": plugin, "tasks": ", ".join(names)},
            )

    @overload
    def call_pure(
        self, verb: Literal["intend"], plugin: api.Plugin, view: api.View
    ) -> api.Intent | api.Blocked | None: ...

    @overload
    def call_pure(
        self, verb: Literal["contribute"], plugin: api.Plugin, view: api.View
    ) -> api.Contribution | api.Wait | api.Blocked | None: ...

    @overload
    def call_pure(
        self, verb: Literal["secret_references"], plugin: api.Plugin, view: api.View
    ) -> SecretReferences | None: ...

    @overload
    def call_pure(self, verb: str, plugin: api.Plugin, view: api.View) -> PureAnswer | None: ...

    def call_pure(self, verb: str, plugin: api.Plugin, view: api.View) -> Any:
        """The answer of a pure verb; None when the plugin has none. Raises VerbError."""
        found = self._plugins.implementation(plugin, verb)
        if found is None:
            return None
        hook = HOOKS[verb]
        with observed(verb, plugin.name, view.record_name) as seen:
            answer = _pure(hook, plugin, found, {"view": view})
            answers.check(hook, plugin, answer)
            seen.answered(answer)
        return answer

    def notify(self, event: api.LifecycleEvent) -> None:
        """Tell every plugin that something happened. What one raises is logged, no more."""
        hook = HOOKS["on_event"]
        for plugin in self._plugins.ordered:
            found = self._plugins.implementation(plugin, hook.name)
            if found is None:
                continue
            try:
                _pure(hook, plugin, found, {"event": event})
            except VerbError as error:
                _log.warning("plugin failed on an event", extra={"error": str(error)})


def _pure(
    hook: Hook,
    plugin: api.Plugin,
    found: registry.Implementation,
    arguments: Mapping[str, Any],
) -> Any:
    try:
        return found.function(*(arguments[one] for one in found.arguments))
    except BlockedError as error:
        return _blocked(hook, plugin, error)
    except Exception as error:
        raise VerbError(plugin.name, hook.name, describe(error)) from error


def _blocked(hook: Hook, plugin: api.Plugin, error: BlockedError) -> api.Blocked:
    if api.Blocked not in hook.returns:
        raise VerbError(plugin.name, hook.name, describe(error)) from error
    return api.Blocked(reason=error.reason, message=str(error))
