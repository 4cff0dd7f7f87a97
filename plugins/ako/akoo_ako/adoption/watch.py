"""The facts of an adoption from round to round, and the look whether AKO survives it."""

from __future__ import annotations

from akoo_ako import desired, settings
from akoo_ako.adoption import former, look, render
from akoo_ako.refusals import refusal
from akoo_core.plugin import api, structs

RESTARTED = "AdoptionRestarted"


def kept(view: api.View, ours: settings.Settings, result: api.Result | None) -> api.Result | None:
    """The result of prepare, with the facts of the adoption: facts that nobody gives are dropped.

    Once the config means something else than the install, that is noted before anything is
    rendered by it.
    """
    there = render.adopted(view)
    if there is None or isinstance(result, api.Wait | api.Blocked):
        return result
    install, shape = there
    try:
        moved = install.moved or render.moves(view, ours)
    except refusal.Refusal:
        moved = install.moved  # contribute says why.
    owner = view.fact(former.AkoFormerOwner)
    name = former.adopted_name(view, owner, desired.options_of(view).adopt_at_once)
    facts: tuple[api.Fact, ...] = (structs.replace(install, moved=moved), shape, name)
    if owner is not None:
        facts = (*facts, owner)
    done = result or api.Done()
    return structs.replace(done, facts=(*done.facts, *facts))


def under_way(view: api.View) -> bool:
    """The adoption has begun, and nothing of it is written yet."""
    adoption = view.spec.adoption
    return adoption is not None and adoption.ended_at is None and not view.spec.inventory


async def restarted(ctx: api.VerbContext) -> api.Blocked | None:
    """The adoption was written, and AKO runs in other Pods than before, or was restarted.

    A person has seen it once the config was changed after the failure.
    """
    view, there = ctx.view, render.adopted(ctx.view)
    adoption = view.spec.adoption
    if there is None or adoption is None or adoption.ended_at is not None or ctx.workload is None:
        return None
    if not render.written(view) or _acknowledged(view):
        return None
    install, _ = there
    now = await look.running_pods(ctx, install.namespace, install.selector)
    if not install.pods or all(now.get(uid) == count for uid, count in install.pods.items()):
        return None
    return api.Blocked(
        reason="AdoptionRestarted",
        message=(
            f"AKO in namespace {install.namespace} was restarted while it was adopted, which an "
            "adoption must not do. Find out why (kubectl describe). Then change the spec of the "
            "AKODeploymentConfig, so that its other clusters are adopted."
        ),
        after=60.0,
    )


def _acknowledged(view: api.View) -> bool:
    adoption = view.spec.adoption
    generation = (view.config.get("metadata") or {}).get("generation", 0)
    return (
        adoption is not None
        and adoption.failure == RESTARTED
        and adoption.config_generation != generation
    )
