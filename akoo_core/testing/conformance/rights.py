"""The declared rights cover every request that the plugin causes.

The operator's account has the rights of the core and those that plugins declare (``rbac``). What is
missing there works on every test bed with an administrator's kubeconfig, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from akoo_core.kube.request import ServerRequest
from akoo_core.plugin import api
from akoo_core.plugin_host import contract, rbac
from akoo_core.plugin_host.controllers import Controller
from akoo_core.testing import verbs
from akoo_core.testing.conformance.subject import Subject
from akoo_core.testing.world import NAMESPACE, World


def declares_its_rights(subject: Subject) -> None:
    """Requests of verbs, of its controllers, and of the core for the uses it intends."""
    world, plugin = subject.fresh()
    rules = (*rbac.CORE, *type(plugin).rbac)
    for make in subject.trials():
        trial = make()
        run = trial.world.run(verbs.try_verb(trial.plugin, trial.verb, trial.world))
        made = trial.world.management.faults.calls
        if isinstance(run.result, api.Intent):
            made = [*made, *(ServerRequest("get", use.resource) for use in run.result.uses)]
        _check(subject, trial.verb, rules, made)
    for controller, key in keys(plugin, world):
        name = controller.registration.name
        world, plugin = subject.fresh()
        before = set(world.management.store.rows)
        world.run(verbs.try_reconcile(plugin, name, key, world))
        made = world.management.faults.calls
        created = [
            request._replace(verb="create")
            for request in made
            if request.verb == "apply" and _key(request) not in {(k.plural, k.name) for k in before}
        ]
        _check(subject, f"controller {name}", rules, [*made, *created])


def reconciles_alike(subject: Subject) -> None:
    """Controllers, on each object of the scenario: no error, and writing nothing the second time,
    by a new process."""
    world, plugin = subject.fresh()
    for controller, key in keys(plugin, world):
        name = controller.registration.name
        world, plugin = subject.fresh()
        for _ in range(2):
            run = world.run(verbs.try_reconcile(plugin, name, key, world))
            if run.error is not None:
                problem = f"key {key}: it failed where nothing was wrong: {run.error!r}"
                raise subject.error(f"controller {name}", problem) from run.error
            plugin = subject.plugin(world)
        if run.writes:
            raise subject.error(
                f"controller {name}",
                f"key {key}: called again in an unchanged world it writes: "
                f"{', '.join(run.writes)}. Read first, and write only what differs.",
            )


def keys(plugin: api.Plugin, world: World) -> Iterator[tuple[Controller, str]]:
    """The keys of each of the plugin's controllers, from the objects in the management cluster."""
    for controller in verbs.registered(plugin):
        if controller.plugin is not plugin:
            continue
        registration = controller.registration
        ordered: dict[str, None] = {}
        for resource in (*registration.watches, *registration.optional):
            for obj in world.management.objects(resource):
                ordered.update(dict.fromkeys(registration.keys(resource, obj)))
        yield from ((controller, key) for key in ordered)


def allowed(rules: Iterable[api.RbacRule], request: ServerRequest) -> bool:
    """True where one of the rules lets this request pass."""
    group, kind = request.resource.group, request.rbac_resource
    return any(
        {group, "*"} & set(rule.groups)
        and {kind, "*"} & set(rule.resources)
        and {request.rbac_verb, "*"} & set(rule.verbs)
        and (not rule.names or request.name in rule.names)
        for rule in rules
    )


def _check(
    subject: Subject, name: str, rules: Iterable[api.RbacRule], made: Iterable[ServerRequest]
) -> None:
    _, plugin = subject.fresh()
    kind = type(plugin)
    for request in made:
        own = rbac.of_plugins((plugin,)) if request.namespace == NAMESPACE else ()
        if allowed((*rules, *own), request):
            continue
        rule = (
            f"RbacRule(groups=({request.resource.group!r},), "
            f"resources=({request.rbac_resource!r},), verbs=({request.rbac_verb!r},))"
        )
        raise subject.error(
            name,
            f"it needs the right to {request.rbac_verb} {request.rbac_resource} of group "
            f"{request.resource.group!r}, which neither the core nor the plugin declares. Add "
            f"{rule} to {kind.__name__}.rbac ({contract.where(kind)}).",
        )


def _key(request: ServerRequest) -> tuple[str, str]:
    return (request.resource.plural, request.name or "")
