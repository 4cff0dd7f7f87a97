"""An annotation that a plugin handled is handled once, wherever the process ends.

The write that removes it comes after the verb. A process that dies before it, or at any call
of the verb, has the annotation seen again by the next one, with the facts from before.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

from akoo_core.plugin import api
from akoo_core.reconcile.decide import plugin_annotations
from akoo_core.testing import calls, verbs
from akoo_core.testing.conformance import interruption
from akoo_core.testing.conformance.subject import LIVES, Subject, Trial, essence

_VERBS = tuple(verb for verb in LIVES if verb not in api.PURE_VERBS)


def handles_annotations_once(subject: Subject) -> None:
    """Each declared annotation, with each of its words: seen twice, it has the same effect."""
    for value, make in _annotated(subject):
        undisturbed = make()
        run = undisturbed.world.run(subject.settle(undisturbed))
        end = interruption.End(essence(run.result), undisturbed.world.state())
        _compare(subject, make(), end, f"with the annotation {value} seen twice")
        count = len(_first(make()).calls)
        for number in range(1, count + 1):
            trial = make()
            trial.world.calls.fail(number, "after", calls.Crash())
            _first(trial)
            trial.world.calls.heal()
            _compare(subject, trial, end, f"with the annotation {value}, after a crash")


def _annotated(subject: Subject) -> Iterator[tuple[str, Callable[[], Trial]]]:
    """A maker of trials for each value of each annotation and each verb that may consume it."""
    for make in subject.trials(values=False):
        trial = make()
        if trial.verb not in _VERBS:
            continue
        for annotation in type(trial.plugin).annotations:
            key = plugin_annotations.key_of(trial.plugin.name, annotation.name)
            for value in (annotation.value, *(flag.name for flag in annotation.flags)):
                yield f"{key}={value}", functools.partial(_with, make, key, value)


def _with(make: Callable[[], Trial], key: str, value: str) -> Trial:
    trial = make()
    trial.world.annotations[key] = value
    return trial


def _first(trial: Trial) -> verbs.VerbRun:
    """One call whose answer is lost: record and annotations are as before."""
    world = trial.world
    spec, annotations = world.spec, dict(world.annotations)
    run = world.run(verbs.try_verb(trial.plugin, trial.verb, world))
    world.spec, world.annotations = spec, annotations
    return run


def _compare(subject: Subject, trial: Trial, end: interruption.End, where: str) -> None:
    """A call is lost, and a new process comes to the end of an undisturbed one."""
    _first(trial)
    world = trial.world
    heir = trial._replace(plugin=subject.plugin(world))
    run = world.run(subject.settle(heir))
    if essence(run.result) != end.answer:
        raise subject.error(
            trial.verb, f"{where} it ends with {essence(run.result)}, once with {end.answer}."
        )
    differing = interruption.differences(end.state, world.state())
    if differing:
        raise subject.error(
            trial.verb,
            f"{where} it leaves another state than once: {differing}. Before you do what an "
            "annotation asks for, look if that was begun already.",
        )
