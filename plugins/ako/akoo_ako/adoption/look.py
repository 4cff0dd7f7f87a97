"""observe of a cluster whose AKO is to be adopted: the install, its owners, and its shape.

Reads AKO's objects and all that may own them, in both clusters; changes nothing.
"""

from __future__ import annotations

from akoo_ako import desired, installed, names, settings
from akoo_ako.adoption import former, harmless, shape
from akoo_ako.installs import checked, read, recognise, verdict
from akoo_ako.installs.recognise import Install
from akoo_ako.installs.seen import Seen, at, name_of, namespace_of
from akoo_ako.running import observe, pods, workload
from akoo_core.plugin import api, structs
from akoo_core.plugin.kube import PODS

AGAIN_SECONDS = 120.0
"""Until an install that cannot be adopted is looked at again."""


async def look(ctx: api.VerbContext, ours: settings.Settings) -> api.Result:
    """The state of the AKO of the cluster, and whether it can be adopted. Where nothing else holds
    the adoption, its former owner is made harmless."""
    cluster = ctx.view.cluster
    if ctx.workload is None or cluster is None:
        return await observe.look(ctx, ours.table, names.NAMESPACE, {})
    if ctx.shared is None:
        return _unseen("nothing in the management cluster can be read")
    objects = await read.read(ctx.workload, ctx.shared, cluster)
    listed = recognise.installs(objects, ours.table)
    running = [install for install in listed if install.stateful_set]
    if not listed:
        return _without_ako(objects)
    install = (running or list(listed))[0]
    obstacle = _obstacle(install, running, objects)
    fact = await _fact(ctx, install)
    if obstacle is not None:
        held = structs.replace(fact, reason=obstacle.reason, message=obstacle.message)
        return _held(obstacle.reason, obstacle.message, held)
    stored = ctx.view.fact(former.AkoFormerOwner)
    owner = former.of(install, objects, stored)
    if ctx.view.held and owner == stored:
        owner = await harmless.make(ctx, owner)
    result = await observe.look(ctx, ours.table, fact.namespace, fact.selector)
    if isinstance(result, api.Blocked):
        return result
    if isinstance(result, api.Wait):
        return structs.replace(result, facts=(*result.facts, fact, owner))
    adopted = api.AdoptedName(
        cluster_name=install.cluster_name, at_once=desired.options_of(ctx.view).adopt_at_once
    )
    return structs.replace(
        result, facts=(*result.facts, fact, owner, shape.of(install, objects), adopted)
    )


def _without_ako(objects: Seen) -> api.Result:
    if objects.unseen:
        return _unseen("; ".join(objects.unseen))
    return api.Done(
        message="There is no AKO to adopt; one is deployed.",
        facts=(api.AdoptedName(cluster_name=""),),
    )


def _obstacle(install: Install, running: list[Install], objects: Seen) -> verdict.Verdict | None:
    others = [other for other in running if other is not install]
    judged = verdict.judge(install, others, objects)
    if not judged.adoptable:
        return judged
    if active := _active_package(install, objects):
        return active
    return shape.problem(shape.of(install, objects))


def _active_package(install: Install, objects: Seen) -> verdict.Verdict | None:
    """A PackageInstall that deploys a part of it and is not the install's owner, unless somebody
    has paused that: kapp-controller writes all objects again every ten minutes."""
    own = former.of(install, objects, None).objects
    above = {(owner.namespace, owner.name) for obj in install.objects for owner in obj.owners}
    above -= {(each.namespace, each.name) for each in own if each.kind == "PackageInstall"}
    for package in objects.workload_of("PackageInstall"):
        key = namespace_of(package), name_of(package)
        if key in above and at(package, "spec.paused") is not True:
            where = f"PackageInstall {key[0]}/{key[1]}"
            return verdict.Verdict(
                reason="ManagedByOther",
                message=f"{where} writes AKO's objects again. Pause it first: kubectl -n {key[0]} "
                f'patch packageinstall {key[1]} --type merge -p \'{{"spec":{{"paused":true}}}}\'.',
                detach=where,
            )
    return None


async def _fact(ctx: api.VerbContext, install: Install) -> installed.AkoInstall:
    selector = at(install.stateful_set, "spec.selector.matchLabels") or {}
    labels = {str(key): str(value) for key, value in selector.items()}
    return installed.AkoInstall(
        namespace=install.namespace,
        selector=labels,
        cluster_name=install.cluster_name,
        kind=install.kind,
        version=install.version,
        pods=await running_pods(ctx, install.namespace, labels),
    )


async def running_pods(
    ctx: api.VerbContext, namespace: str, selector: dict[str, str]
) -> dict[str, int]:
    """UIDs of the Pods of AKO, each with its restarts."""
    if ctx.workload is None:
        return {}
    deployed = await workload.find(ctx.workload, namespace, selector)
    for pod in deployed.pods:
        checked.check(PODS, pod)
    return {pods.uid(pod): pods.restarts(pod) for pod in deployed.pods}


def _unseen(hidden: str) -> api.Wait:
    message = f"Not every possible owner of AKO was looked at: {hidden}."
    return api.Wait(reason="OwnersUnseen", message=message, after=AGAIN_SECONDS)


def _held(reason: str, message: str, fact: installed.AkoInstall) -> api.Wait:
    return api.Wait(reason=reason, message=message, after=AGAIN_SECONDS, facts=(fact,))
