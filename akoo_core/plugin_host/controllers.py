"""The controllers that plugins register, checked before anything runs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from akoo_core import errors
from akoo_core.plugin import api
from akoo_core.plugin.errors import describe
from akoo_core.plugin_host import contract, rbac, registry

_NAME = re.compile(r"^[a-z][a-z0-9-]*$")
_READ = ("get", "list", "watch")
_WRITE = ("create", "update", "patch", "delete")


class Controller(NamedTuple):
    """One registration, and its plugin."""

    plugin: api.Plugin
    registration: api.ControllerRegistration

    @property
    def name(self) -> str:
        """``avi-ippools``: the name of its queue, in metrics, spans and logs."""
        return f"{self.plugin.name}-{self.registration.name}"


def collect(plugins: registry.PluginSet) -> tuple[Controller, ...]:
    """The controllers of all plugins, in the order of plugins.

    Raises InputError for registrations that cannot work: the same name twice, nothing to watch,
    a reconcile that is no coroutine function, kinds without declared rights.
    """
    collected: list[Controller] = []
    for plugin in plugins.ordered:
        for registration in _registrations(plugins, plugin):
            collected.append(Controller(plugin, registration))
            problems = tuple(_problems(collected))
            if problems:
                raise errors.InputError(
                    f"controller {registration.name} of plugin {plugin.name} "
                    f"({contract.where(inspect.unwrap(registration.reconcile))}): "
                    f"{'; '.join(problems)}"
                )
    return tuple(collected)


def _registrations(
    plugins: registry.PluginSet, plugin: api.Plugin
) -> Sequence[api.ControllerRegistration]:
    implementation = plugins.implementation(plugin, "controllers")
    if implementation is None:
        return ()
    try:
        answer = implementation.function()
    except Exception as error:
        raise errors.InputError(
            f"controllers of plugin {plugin.name}: {describe(error)}"
        ) from error
    if not isinstance(answer, tuple) or not all(
        isinstance(registration, api.ControllerRegistration) for registration in answer
    ):
        raise errors.InputError(
            f"controllers of plugin {plugin.name} must return a tuple of ControllerRegistration"
        )
    return answer


def _problems(collected: Sequence[Controller]) -> Iterator[str]:
    """The mistakes in the last of them."""
    *others, last = collected
    registration = last.registration
    if not _NAME.match(registration.name):
        yield "its name takes lower case letters, digits and hyphens"
    if last.name in [other.name for other in others]:
        yield "another controller has the same name"
    if not registration.watches:
        yield "it watches nothing"
    both = set(registration.watches) & set(registration.optional)
    if both:
        yield f"it watches {', '.join(sorted(kind.qualified for kind in both))} twice"
    subject = registration.subject
    if subject is not None and subject not in (*registration.watches, *registration.optional):
        yield f"its subject {subject.qualified} is no kind that it watches"
    if registration.workers < 1:
        yield "it needs at least one worker"
    if registration.finalizer and not registration.writes:
        yield f"it writes nothing, so it puts finalizer {registration.finalizer} on nothing"
    yield from _functions(registration)
    yield from _rights(last)


def _functions(registration: api.ControllerRegistration) -> Iterator[str]:
    """Functions of the wrong kind."""
    for name in ("keys", "secrets", "goes_by", "outside"):
        if inspect.iscoroutinefunction(getattr(registration, name)):
            yield f'{name} must not be "async def"'
    if not inspect.iscoroutinefunction(registration.reconcile):
        yield 'reconcile must be "async def"'
    if registration.plan is not None and not inspect.iscoroutinefunction(registration.plan):
        yield 'plan must be "async def"'
    if not all(map(inspect.iscoroutinefunction, registration.sources)):
        yield 'each of its sources must be "async def"'


def _rights(controller: Controller) -> Iterator[str]:
    """Kinds that the operator's account will not be allowed to use."""
    rules = (*rbac.CORE, *controller.plugin.rbac)
    for resource in (*controller.registration.watches, *controller.registration.optional):
        verbs = rbac.missing(rules, resource, _READ)
        if verbs:
            yield f"rbac of the plugin lacks {', '.join(verbs)} on {resource.qualified}"
    for resource in controller.registration.writes:
        places = (resource, resource._replace(plural=f"{resource.plural}/status"))
        if all(len(rbac.missing(rules, place, _WRITE)) == len(_WRITE) for place in places):
            yield f"rbac of the plugin has no verb that writes {resource.qualified}"
