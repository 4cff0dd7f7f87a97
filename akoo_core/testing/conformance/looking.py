"""Hooks of commands only look: they write nothing, audit shows nobody alive, and check believes
no call that failed."""

from __future__ import annotations

import dataclasses
import typing

from akoo_core.plugin import api
from akoo_core.plugin.errors import BlockedError, VerbError
from akoo_core.plugin_host import caller
from akoo_core.testing import commands, verbs
from akoo_core.testing.conformance import canaries, interruption, rights
from akoo_core.testing.conformance.subject import Subject, Trial
from akoo_core.testing.verbs import VerbRun
from akoo_core.testing.world import World

PLANNED: tuple[api.PlannedVerb, ...] = typing.get_args(api.PlannedVerb)


def looks_only(subject: Subject) -> None:
    """plan before each verb that it is for, check at once, audit beside a living record, and the
    plan of each controller for each key."""
    _, plugin = subject.fresh()
    calling = caller.VerbCaller(verbs.plugin_set(plugin))
    if calling.implements(plugin, "plan"):
        for verb in PLANNED:
            _plans(subject, verb)
    if calling.implements(plugin, "check"):
        _checks(subject)
    if calling.implements(plugin, "audit"):
        _audits(subject)
    _plans_keys(subject)


def _plans(subject: Subject, verb: api.PlannedVerb) -> None:
    trial = subject.reach(verb) if verb in subject.verbs() else None
    if trial is None:
        return
    world, plugin, _ = trial
    before = world.state()
    run = world.run(commands.try_plan(plugin, verb, world))
    _check(subject, trial._replace(verb="plan"), run, before)


def _plans_keys(subject: Subject) -> None:
    """Before a reconcile, and after it: a plan that is right has nothing left to do then, unless
    the controller waits."""
    world, plugin = subject.fresh()
    for controller, key in list(rights.keys(plugin, world)):
        name = controller.registration.name
        if controller.registration.plan is None:
            continue
        world, plugin = subject.fresh()
        before = world.state()
        run = world.run(commands.try_key_plan(plugin, name, key, world))
        if run.error is not None and isinstance(run.error.__cause__, BlockedError):
            run = dataclasses.replace(run, error=None)  # as a reconcile that is Blocked
        _check(subject, Trial(world, plugin, f"plan of controller {name}"), run, before)
        _shows_no_secret(subject, f"plan of controller {name}", world, run)
        reconciled = world.run(verbs.try_reconcile(plugin, name, key, world))
        if not isinstance(reconciled.result, api.Done):
            continue
        after = world.run(commands.try_key_plan(plugin, name, key, world))
        left = [action for action in after.actions if action.action != "keep"]
        if left:
            raise subject.error(
                f"plan of controller {name}",
                f"key {key}: after a reconcile that is Done it plans to {left[0].action} "
                f"{left[0].kind} {left[0].name}. Derive both from the same decision.",
            )


def _checks(subject: Subject) -> None:
    """In the scenario as it begins; then with an error at each external call."""
    world, plugin = subject.fresh()
    before = world.state()
    undisturbed = world.run(commands.try_check(plugin, world))
    _check(subject, Trial(world, plugin, "check"), undisturbed, before)
    _shows_no_secret(subject, "check", world, undisturbed)
    for number, call in enumerate(undisturbed.calls, start=1):
        world, plugin = subject.fresh()
        world.calls.fail(number, "before", interruption.lost(call))
        run = world.run(commands.try_check(plugin, world))
        _shows_no_secret(subject, "check", world, run)
        if run.error is None and all(finding.state == "good" for finding in run.findings):
            raise subject.error(
                "check",
                f"it says that all is good, although call {number} ({call}) failed. Say of each "
                "thing that could not be read that it is unknown or wrong.",
            )


def _shows_no_secret(subject: Subject, name: str, world: World, run: VerbRun) -> None:
    for place, value in canaries.shown(run, world):
        raise subject.error(name, canaries.problem(place, value))


def _audits(subject: Subject) -> None:
    trial = subject.reach("sweep")
    if trial is None:
        return
    world, plugin, _ = trial
    before = world.state()
    run = world.run(commands.try_audit(plugin, world))
    _check(subject, trial._replace(verb="audit"), run, before)
    for stray in run.strays:
        if stray.owner == world.spec.ako_cluster_name:
            raise subject.error(
                "audit",
                f"it shows {stray.kind} {stray.name} as left behind, but its owner {stray.owner} "
                "is alive: leave out what belongs to one of ctx.records.",
            )


def _check(subject: Subject, trial: Trial, run: VerbRun, before: object) -> None:
    if run.error is not None:
        problem = run.error.problem if isinstance(run.error, VerbError) else repr(run.error)
        raise subject.error(
            trial.verb, f"it failed where nothing was wrong: {problem}"
        ) from run.error
    if trial.world.state() != before:
        raise subject.error(
            trial.verb, "it changed something in a read-only call. Read, and write nothing."
        )
