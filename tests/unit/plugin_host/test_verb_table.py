"""One table of verbs; what a type checker needs as a Literal says the same."""

from __future__ import annotations

import types
import typing

import pytest

from akoo_core.plugin import api
from akoo_core.plugin_host import caller
from akoo_core.plugin_host.hooks import HOOKS
from akoo_core.reconcile.act import answers
from akoo_core.reconcile.decide import decisions

RESULT = {api.Done, api.Wait, api.Blocked, types.NoneType}
"""The classes of ``Result | None``."""


def answering_results(*phases: api.VerbPhase) -> tuple[str, ...]:
    """The verbs of the phases whose answer is a Result, in the order of the table."""
    names = (name for phase in phases for name in api.verbs_of(phase))
    return tuple(name for name in names if set(HOOKS[name].returns) == RESULT)


def test_order_of_a_phase() -> None:
    assert api.verbs_of("first") == ("intend", "secret_references")
    assert api.verbs_of("lives") == ("prepare", "contribute", "observe")
    assert api.verbs_of("leaves") == ("confirm", "drain", "fence", "sweep", "verify", "release")
    assert api.verbs_of("command") == ("plan", "check", "audit", "remove_stray")


def test_a_verb_stands_in_the_table_once() -> None:
    names = [verb.name for verb in api.VERBS]
    assert sorted(names) == sorted(set(names))
    assert {verb.phase for verb in api.VERBS} == set(typing.get_args(api.VerbPhase))


def test_pure_verbs_are_not_awaited_and_others_have_a_timeout() -> None:
    for verb in api.VERBS:
        assert verb.pure is not HOOKS[verb.name].asynchronous
    assert {*api.PURE_VERBS, *api.TIMEOUT_SECONDS} == {verb.name for verb in api.VERBS}
    assert not set(api.PURE_VERBS) & set(api.TIMEOUT_SECONDS)
    assert 0 < min(api.TIMEOUT_SECONDS.values()) <= max(api.TIMEOUT_SECONDS.values()) <= 300


@pytest.mark.parametrize(
    ("literal", "names"),
    [
        (caller.ResultVerb, answering_results("lives", "leaves")),
        (answers.StepVerb, answering_results("leaves")),
    ],
)
def test_literals_of_the_callers(literal: object, names: tuple[str, ...]) -> None:
    assert typing.get_args(literal) == names


def test_planned_verbs_make_or_take_away() -> None:
    assert typing.get_args(api.PlannedVerb) == ("prepare", "sweep")
    assert set(typing.get_args(api.PlannedVerb)) <= {verb.name for verb in api.VERBS}


def test_steps_of_leaving_are_the_verbs_of_leaving_and_undeploy() -> None:
    steps = typing.get_args(decisions.Step)
    assert tuple(step for step in steps if step != "undeploy") == api.verbs_of("leaves")
    assert steps.index("undeploy") == steps.index("verify") + 1
