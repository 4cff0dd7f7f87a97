"""Controllers beside others: kinds that are not served, conditions of others, and their holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from akoo_core.kube.client import Object
from akoo_core.kube.resource import Resource
from akoo_core.plugin import api
from akoo_core.testing import verbs
from akoo_core.testing.conformance.rights import keys
from akoo_core.testing.conformance.subject import Subject, essence
from akoo_core.testing.memory.kubelet import OTHERS
from akoo_core.testing.verbs import VerbRun
from akoo_core.testing.world import World

CONDITION: dict[str, Any] = {
    "type": "OfAnother",
    "status": "True",
    "reason": "Looked",
    "message": "x" * 2000,
    "lastTransitionTime": "2026-01-01T00:00:00Z",
}
"""A condition that another controller wrote. Others may write longer messages than we do."""
STRANGE: dict[str, Any] = {"type": "OfYetAnother", "status": "True", "reason": "as it likes"}
"""A condition of a controller that keeps no conventions, and that the schemas allow."""
FINALIZER = "theirs.example/first"
HOLD = "akoo.io/of-the-conformance-suite"
ROUNDS = 3
"""Attempts at each key until a plugin has come to rest."""


def bears_missing_kinds(subject: Subject) -> None:
    """Each key of a controller, while a kind that it calls optional is not served."""
    world, plugin = subject.fresh()
    for controller, key in keys(plugin, world):
        for kind in controller.registration.optional:
            world, plugin = subject.fresh()
            world.management.served.stop(kind)
            name = controller.registration.name
            run = world.run(verbs.try_reconcile(plugin, name, key, world))
            if run.error is not None:
                raise subject.error(
                    f"controller {name}",
                    f"key {key}: it failed while {kind.qualified} was not served: {run.error!r}. "
                    "The kind is optional: take its NotFoundError for an absent object.",
                ) from run.error


def keeps_marks_of_others(subject: Subject) -> None:
    """Conditions and finalizers that others put on the objects that its controllers write."""
    world, plugin = subject.fresh()
    for controller, key in keys(plugin, world):
        registration = controller.registration
        world, plugin = subject.fresh()
        alone = _reconciled(subject, world, plugin, registration.name, key)
        world, plugin = subject.fresh()
        marked = tuple(_written(world, registration))
        for kind, obj in marked:
            world.run(_mark(world, kind, obj))
        run = _reconciled(subject, world, plugin, registration.name, key)
        problem = next(filter(None, (_lost(world, kind, obj) for kind, obj in marked)), "")
        if not problem and essence(run.result) != essence(alone.result):
            problem = (
                f"beside a condition of another controller it answers {essence(run.result)} "
                f"instead of {essence(alone.result)}. Read the conditions with "
                "akoo_core.plugin.conditions.listed, which leaves out what cannot be read."
            )
        if not problem and run.writes:
            problem = (
                "beside a condition of another controller it never stops writing: "
                f"{', '.join(run.writes)}. Compare the fields and conditions that are yours."
            )
        if problem:
            raise subject.error(f"controller {registration.name}", f"key {key}: {problem}")


def _lost(world: World, kind: Resource, before: Object) -> str:
    """The mark of others that an object has lost, in words; "" for none."""
    for obj in world.management.objects(kind):
        if obj["metadata"]["uid"] != before["metadata"]["uid"]:
            continue
        where = f"{kind.kind} {obj['metadata']['name']}"
        rows = (obj.get("status") or {}).get("conditions") or []
        if CONDITION not in rows or STRANGE not in rows:
            return (
                f"it removed or changed a condition of another controller on {where}. Own the "
                "types that you write, and keep the others: see "
                "akoo_core.plugin.conditions.write."
            )
        if FINALIZER not in (obj["metadata"].get("finalizers") or ()):
            return (
                f"it removed a finalizer of others from {where}. See "
                "akoo_core.plugin.kube.Finalizers."
            )
    return ""


def waits_for_holds(subject: Subject) -> None:
    """Objects that are being deleted while a finalizer under ``akoo.io/`` holds them: nothing
    outside is taken away."""
    world, plugin = subject.fresh()
    for controller, key in keys(plugin, world):
        registration = controller.registration
        if not registration.finalizer:
            continue
        world, plugin = subject.fresh()
        _reconciled(subject, world, plugin, registration.name, key)
        before = world.outside()
        for kind, obj in _written(world, registration):
            if registration.finalizer in (obj["metadata"].get("finalizers") or ()):
                world.run(_held_and_deleted(world, kind, obj))
        _reconciled(subject, world, plugin, registration.name, key)
        if world.outside() != before:
            raise subject.error(
                f"controller {registration.name}",
                f"key {key}: something outside has changed although finalizer {HOLD} held the "
                "object that is being deleted. Ask akoo_core.plugin.uses.needed_by, and wait.",
            )


def _written(
    world: World, registration: api.ControllerRegistration
) -> Iterator[tuple[Resource, Object]]:
    """The objects of the kinds that a controller writes, but kinds of Kubernetes itself."""
    for kind in registration.writes:
        if kind.group.count("."):
            yield from ((kind, obj) for obj in world.management.objects(kind))


def _reconciled(subject: Subject, world: World, plugin: api.Plugin, name: str, key: str) -> VerbRun:
    """The last of a few attempts, which must not fail."""
    for _ in range(ROUNDS):
        run = world.run(verbs.try_reconcile(plugin, name, key, world))
        if run.error is not None:
            problem = f"key {key}: it failed where nothing was wrong: {run.error!r}"
            raise subject.error(f"controller {name}", problem) from run.error
    return run


async def _mark(world: World, kind: Resource, obj: Object) -> None:
    """Add a condition and a finalizer of others."""
    metadata = obj["metadata"]
    name, namespace = metadata["name"], metadata.get("namespace")
    others = world.management.client(system=OTHERS)
    finalizers = {"finalizers": [FINALIZER, *(metadata.get("finalizers") or ())]}
    await others.merge_patch(kind, name, {"metadata": finalizers}, namespace)
    rows = [*((obj.get("status") or {}).get("conditions") or ()), CONDITION, STRANGE]
    patch = {"status": {"conditions": rows}}
    await others.merge_patch(kind, name, patch, namespace, subresource="status")


async def _held_and_deleted(world: World, kind: Resource, obj: Object) -> None:
    metadata = obj["metadata"]
    name, namespace = metadata["name"], metadata.get("namespace")
    others = world.management.client(system=OTHERS)
    held = {"finalizers": [*metadata["finalizers"], HOLD]}
    await others.merge_patch(kind, name, {"metadata": held}, namespace)
    await others.delete(kind, name, namespace)
