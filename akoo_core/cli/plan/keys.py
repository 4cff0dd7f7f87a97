"""Asks controllers of plugins what they would do for one object, and puts it into rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from akoo_core import errors, structs
from akoo_core.app import parts
from akoo_core.cli import fleet, operating
from akoo_core.cli.plan import ask
from akoo_core.kube import client
from akoo_core.kube import errors as kube_errors
from akoo_core.kube.resource import Resource
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError, describe
from akoo_core.plugin_host import context
from akoo_core.plugin_host.controllers import Controller
from akoo_core.reconcile.act.services import Services


class KeyAnswer(structs.Struct, frozen=True, kw_only=True):
    """The plan of one controller for one key; ``problem`` instead, when it has none."""

    plugin: str
    controller: str
    key: str
    actions: tuple[api.PlannedAction, ...] = ()
    problem: str = ""


class ObjectPlan(structs.Struct, frozen=True, kw_only=True):
    """The answers of all controllers that have a plan for an object."""

    kind: str
    name: str
    answers: tuple[KeyAnswer, ...]

    @property
    def complete(self) -> bool:
        """Every controller answered without a problem."""
        return not any(answer.problem for answer in self.answers)


async def plan(
    kube: client.KubeClient,
    loaded: operating.OperatorParts,
    services: Services,
    kind: str,
    name: str,
) -> ObjectPlan:
    """Ask each controller that watches ``kind`` and has a plan, for the keys of the object.

    ``kind``: kind or plural, with or without the group. ``name``: NAME, or NAMESPACE/NAME. Raises
    InputError for a kind without a plan, and for an object that is not there.
    """
    resource = _resource(loaded, kind)
    obj = await _read(kube, resource, name)
    answers = [
        await _answer(kube, services, controller, key)
        for controller in loaded.registered
        if controller.registration.plan is not None and resource in _watched(controller)
        for key in _keys(controller, resource, obj)
    ]
    return ObjectPlan(kind=resource.kind, name=name, answers=tuple(answers))


def _watched(controller: Controller) -> tuple[Resource, ...]:
    return (*controller.registration.watches, *controller.registration.optional)


def _resource(loaded: operating.OperatorParts, kind: str) -> Resource:
    able = [own for own in loaded.registered if own.registration.plan is not None]
    resources = list(dict.fromkeys(watch for own in able for watch in _watched(own)))
    wanted = kind.casefold()
    matching = [
        resource
        for resource in resources
        if wanted in (resource.kind.casefold(), resource.plural, resource.qualified)
    ]
    if len(matching) == 1:
        return matching[0]
    if matching:
        names = ", ".join(resource.qualified for resource in matching)
        raise errors.InputError(f"{kind} means several kinds; name one of them: {names}")
    kinds = sorted(resource.kind for resource in resources)
    listed = f"Kinds with a plan: {', '.join(kinds)}." if kinds else "No kind has one."
    near = fleet.near(kind, kinds)
    raise errors.InputError(f"no selected plugin has a plan for {kind}.{near} {listed}")


async def _read(kube: client.KubeClient, resource: Resource, name: str) -> client.Object:
    namespace: str | None = None
    if resource.namespaced:
        namespace, name = fleet.split(name)
    try:
        return await kube.get(resource, name, namespace)
    except kube_errors.NotFoundError:
        page = await kube.list(resource, namespace, metadata_only=True)
        near = fleet.near(name, [item["metadata"]["name"] for item in page.items])
        raise errors.InputError(f"there is no {resource.kind} {name}.{near}") from None


def _keys(controller: Controller, resource: Resource, obj: client.Object) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(controller.registration.keys(resource, obj)))
    except Exception as error:
        raise errors.AkooError(f"keys of {controller.name}: {describe(error)}") from error


async def _answer(
    kube: client.KubeClient, services: Services, controller: Controller, key: str
) -> KeyAnswer:
    ctx = context.build_controller_context(controller, parts.means(services), kube, key=key)
    answer = KeyAnswer(
        plugin=controller.plugin.name, controller=controller.registration.name, key=key
    )
    try:
        request = api.Request(key=key, attempt=1)
        actions = await services.caller.plan_key(controller, request, ctx)
    except VerbError as error:
        return structs.replace(answer, problem=ask.problem_of(error))
    return structs.replace(answer, actions=actions)


# For people. Pure.


def lines(planned: ObjectPlan) -> Iterator[str]:
    """A table for each key with actions."""
    yield f"{planned.kind} {planned.name}: the controllers would do this now"
    if not planned.answers:
        yield "it concerns no key of a controller that has a plan"
    for answer in planned.answers:
        who = f"{answer.plugin}-{answer.controller}, key {answer.key}"
        yield from ask.answer_lines(who, answer.actions, answer.problem)


def plain(planned: ObjectPlan) -> dict[str, Any]:
    """The JSON output."""
    return {
        "kind": planned.kind,
        "name": planned.name,
        "controllers": [structs.to_object(answer) for answer in planned.answers],
    }
