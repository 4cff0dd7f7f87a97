"""Calls verbs: one plugin, one verb, one cluster at a time.

pluggy registers and checks hooks but knows nothing of coroutines, so the calls are made here, each
with its timeout, span, metric and isolation: an exception of a plugin becomes a VerbError, and
tasks that it started end with it. The callers decide which verbs are called, and in which order.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Literal, overload

from akoo_core import errors
from akoo_core.plugin import api
from akoo_core.plugin.errors import BlockedError, VerbError
from akoo_core.plugin_host import answers, bounded, registry
from akoo_core.plugin_host.controllers import Controller
from akoo_core.plugin_host.hooks import HOOKS, Hook
from akoo_core.plugin_host.observed import HookCall, observed, report

VerbResult = api.Done | api.Wait | api.Blocked | api.Fenced | api.Proof | api.Unverified
"""The answers of async verbs; each verb has some of them."""
ResultVerb = Literal["prepare", "observe", "confirm", "drain", "sweep", "release"]
SecretReferences = tuple[api.SecretPair, ...]
PureAnswer = api.Intent | api.Contribution | api.Wait | api.Blocked | SecretReferences

_log = logging.getLogger(__name__)


class VerbCaller:
    """Calls the verbs of a PluginSet.

    ``timeouts`` are seconds per async hook; ``calls`` makes the calls of plugins' coroutines.
    """

    def __init__(
        self,
        plugins: registry.PluginSet,
        *,
        timeouts: Mapping[str, float] = api.TIMEOUT_SECONDS,
        calls: bounded.PluginCalls | None = None,
    ) -> None:
        self._plugins = plugins
        self._timeouts = timeouts
        self._calls = calls or bounded.PluginCalls()

    def implements(self, plugin: api.Plugin, verb: str) -> bool:
        """True where the plugin has that hook."""
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

        Raises VerbError when the verb raised, took longer than its timeout, or gave an answer that
        is not allowed. Cancellation of the caller, LeadershipLostError, KeyboardInterrupt and
        ProcessEnd pass through; any other BaseException is a failure. A BlockedError becomes the
        answer Blocked.
        """
        return await self._ask(verb, plugin, ctx.view.record_name, {"ctx": ctx})

    async def plan(
        self, plugin: api.Plugin, ctx: api.VerbContext, verb: api.PlannedVerb
    ) -> tuple[api.PlannedAction, ...] | None:
        """The actions of ``verb``; None when the plugin cannot say. Raises as ``call`` does."""
        arguments = {"ctx": ctx, "verb": verb}
        answer: tuple[api.PlannedAction, ...] | None = await self._ask(
            "plan", plugin, ctx.view.record_name, arguments
        )
        return answer

    async def plan_key(
        self, controller: Controller, request: api.Request, ctx: api.ControllerContext
    ) -> tuple[api.PlannedAction, ...]:
        """The actions of a controller for a key; () where it has no plan. Raises as ``call``
        does."""
        plugin, registration = controller
        plan = registration.plan
        if plan is None:
            return ()
        call = bounded.PluginCall(plugin.name, f"plan of {registration.name}", request.key)
        with observed("plan", plugin.name, "") as seen:
            try:
                answer: object = await self._calls.run(
                    call, lambda: plan(request, ctx), seconds=self._timeouts["plan"]
                )
            except (VerbError, errors.LeadershipLostError):
                raise
            except Exception as error:
                raise call.failed(error) from error
            actions: tuple[api.PlannedAction, ...] = answers.checked(HOOKS["plan"], plugin, answer)
            seen.answered(actions)
        return actions or ()

    async def check(
        self, plugin: api.Plugin, ctx: api.CheckContext
    ) -> tuple[api.Finding, ...] | None:
        """The things that the plugin needs, and their states. Raises as ``call`` does."""
        answer: tuple[api.Finding, ...] | None = await self._ask("check", plugin, "", {"ctx": ctx})
        return answer

    async def audit(self, plugin: api.Plugin, ctx: api.AuditContext) -> api.Audit | None:
        """The things left without a living owner. Raises as ``call`` does."""
        answer: api.Audit | None = await self._ask("audit", plugin, "", {"ctx": ctx})
        return answer

    async def remove_stray(
        self, plugin: api.Plugin, ctx: api.AuditContext, owner: str
    ) -> api.Result | None:
        """Delete all that audit shows for ``owner``. Raises as ``call`` does."""
        arguments = {"ctx": ctx, "owner": owner}
        answer: api.Result | None = await self._ask("remove_stray", plugin, "", arguments)
        return answer

    async def _ask(
        self, name: str, plugin: api.Plugin, record: str, arguments: Mapping[str, Any]
    ) -> Any:
        implementation = self._plugins.implementation(plugin, name)
        if implementation is None:
            return None
        hook = HOOKS[name]
        with observed(name, plugin.name, record) as seen:
            call = bounded.PluginCall(plugin.name, name, record)
            answer = answers.checked(
                hook, plugin, await self._run(hook, call, implementation, arguments)
            )
            seen.answered(answer)
        return answer

    async def _run(
        self,
        hook: Hook,
        call: bounded.PluginCall,
        implementation: registry.Implementation,
        arguments: Mapping[str, Any],
    ) -> Any:
        values = [arguments[name] for name in implementation.arguments]
        try:
            return await self._calls.run(
                call,
                lambda: implementation.function(*values),
                seconds=self._timeouts[hook.name],
            )
        except (VerbError, errors.LeadershipLostError):
            raise
        except BlockedError as error:
            return _blocked(hook, call, error)
        except Exception as error:
            raise call.failed(error) from error

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
        implementation = self._plugins.implementation(plugin, verb)
        if implementation is None:
            return None
        hook = HOOKS[verb]
        with observed(verb, plugin.name, view.record_name) as seen:
            answer = answers.checked(
                hook, plugin, _pure(hook, plugin, implementation, {"view": view})
            )
            seen.answered(answer)
        return answer

    def notify(self, event: api.LifecycleEvent) -> None:
        """Call ``on_event`` of every plugin. An exception is logged, no more."""
        hook = HOOKS["on_event"]
        for plugin in self._plugins.ordered:
            implementation = self._plugins.implementation(plugin, hook.name)
            if implementation is None:
                continue
            result = "none"
            try:
                _pure(hook, plugin, implementation, {"event": event})
            except VerbError as error:
                result = "error"
                _log.warning("plugin failed on an event", extra={"error": str(error)})
            report(HookCall(hook.name, plugin.name, "", result, type(event).__name__, 0.0))


def _pure(
    hook: Hook,
    plugin: api.Plugin,
    implementation: registry.Implementation,
    arguments: Mapping[str, Any],
) -> Any:
    try:
        return implementation.function(*(arguments[name] for name in implementation.arguments))
    except BlockedError as error:
        return _blocked(hook, bounded.PluginCall(plugin.name, hook.name), error)
    except BaseException as error:
        if bounded.passes(error):
            raise
        raise bounded.PluginCall(plugin.name, hook.name).failed(error) from error


def _blocked(hook: Hook, call: bounded.PluginCall, error: BlockedError) -> api.Blocked:
    if api.Blocked not in hook.returns:
        raise call.failed(error) from error
    return api.Blocked(reason=error.reason, message=str(error))
