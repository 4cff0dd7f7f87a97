"""Answers of plugins are what they say they are, or a failure of their plugin."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core.kube import resource as resources
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.plugin_host import answers
from akoo_core.plugin_host.hooks import HOOKS


class Color(api.Fact, frozen=True, kw_only=True):
    fact_name = "Color"

    rgb: str
    weight: float = 1.0


class Demo(api.Plugin):
    name = "demo"
    provides = (Color,)
    conditions = ("Faded",)
    annotations = (api.PluginAnnotation(name="paint", help="Paint.", effects=("It is painted.",)),)


PLUGIN = Demo()
WRONG: Any = object()
HALF = "caf\udce9"
"""Half a surrogate: such text cannot be sent anywhere."""


def _wait(**changes: Any) -> api.Wait:
    fields: dict[str, Any] = {"reason": "Soon", "message": "m", "after": 5.0}
    return api.Wait(**(fields | changes))


PROOF: Any = api.Proof
FENCED: Any = api.Fenced
INTENT: Any = api.Intent
USE: Any = api.Use
CONTRIBUTION: Any = api.Contribution
SECRET: Any = api.SecretObject
AUDIT: Any = api.Audit
"""The classes, called with what their types forbid."""


def condition(*, kind: str = "Faded", reason: str = "Sun") -> api.RecordCondition:
    return api.RecordCondition(type=kind, reason=reason, message="m")


def _object(**changes: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}} | changes


@pytest.mark.parametrize(
    ("verb", "answer"),
    [
        ("drain", _wait(after="30")),
        ("drain", _wait(after=math.nan)),
        ("drain", _wait(after=-math.inf)),
        ("drain", _wait(after=math.inf)),
        ("drain", _wait(after=-1.0)),
        ("drain", _wait(after=1e12)),
        ("drain", _wait(after=None)),
        ("drain", _wait(message=None)),
        ("drain", _wait(message=HALF)),
        ("drain", _wait(message=WRONG)),
        ("drain", _wait(reason=None)),
        ("drain", _wait(reason=HALF)),
        ("drain", _wait(version=3)),
        ("drain", _wait(facts=None)),
        ("drain", _wait(facts=("Color",))),
        ("drain", _wait(facts=(Color(rgb=WRONG),))),
        ("drain", _wait(facts=(Color(rgb="1", weight=math.nan),))),
        ("sweep", _wait(left="three")),
        ("sweep", _wait(left=-1)),
        ("observe", api.Done(recheck_seconds=math.nan)),
        ("observe", api.Done(message=WRONG)),
        ("observe", api.Done(declines=(Color,))),  # type: ignore[arg-type]
        ("observe", api.Done(declines="Color")),  # type: ignore[arg-type]
        ("observe", api.Done(consumed="paint")),  # type: ignore[arg-type]
        ("observe", api.Done(consumed=("elsewhere",))),
        ("prepare", _wait(consumed=("paint", "demo.akoo.io/paint"))),
        ("drain", _wait(consumed=("paint",))),
        ("release", api.Done(consumed=("paint",))),
        ("observe", api.Done(version=WRONG)),
        ("confirm", api.Blocked(reason="No", message=HALF)),
        ("confirm", api.Blocked(reason="No", message="", after=math.nan)),
        ("verify", api.Unverified(reason="No", message="", after=math.nan)),
        ("verify", PROOF(own=None)),
        ("verify", PROOF(own="0")),
        ("verify", PROOF(own=-1)),
        ("verify", PROOF(own=False)),
        ("verify", PROOF(own=0, held=-1)),
        ("verify", PROOF(own=0, queries="GET")),
        ("verify", PROOF(own=0, suspects=(1,))),
        ("fence", FENCED(grade="revoked", evidence="x")),
        ("fence", FENCED(grade="Stopped", evidence=None)),
        ("fence", FENCED(grade="Unfenced", evidence="x", settle_seconds=10**12)),
        ("intend", INTENT(data={"a": WRONG})),
        ("intend", INTENT(data={"a": HALF})),
        ("intend", INTENT(data=["a"])),
        ("intend", INTENT(placement=1)),
        ("intend", INTENT(conditions=({"type": "Faded"},))),
        ("intend", INTENT(conditions=(condition(kind="Torn"),))),
        ("intend", INTENT(conditions=(condition(), condition()))),
        ("intend", INTENT(conditions=(condition(reason="not a noun"),))),
        ("contribute", CONTRIBUTION(definitions=(1,))),
        ("intend", INTENT(uses=({"name": "a"},))),
        (
            "intend",
            INTENT(uses=(USE(resource=resources.SECRETS, name="a", uid=None),)),
        ),
        ("contribute", CONTRIBUTION(objects=None)),
        ("contribute", CONTRIBUTION(objects=({},))),
        ("contribute", CONTRIBUTION(objects=(_object(kind=""),))),
        ("contribute", CONTRIBUTION(objects=(_object(metadata={}),))),
        ("contribute", CONTRIBUTION(objects=(_object(metadata={"name": ""}),))),
        ("contribute", CONTRIBUTION(objects=(_object(metadata={"name": "a", "labels": []}),))),
        ("contribute", CONTRIBUTION(objects=(_object(data={"a": HALF}),))),
        ("contribute", CONTRIBUTION(objects=(_object(data={"a": WRONG}),))),
        ("contribute", CONTRIBUTION(secrets=({"name": "a"},))),
        (
            "contribute",
            CONTRIBUTION(secrets=(SECRET(namespace="a", name="b", data={"c": "plain"}),)),
        ),
        ("secret_references", (("a", 1),)),
        ("plan", ("delete",)),
        ("audit", AUDIT(strays=("a",))),
    ],
    ids=lambda part: part if isinstance(part, str) else type(part).__name__,
)
def test_a_wrong_value_is_a_failure_of_its_plugin(verb: str, answer: Any) -> None:
    with pytest.raises(VerbError, match=f"^{verb} of plugin demo: "):
        answers.checked(HOOKS[verb], PLUGIN, answer)


def test_a_failure_says_which_value() -> None:
    with pytest.raises(VerbError, match="a Wait with a wrong value: left: Expected `int"):
        answers.checked(HOOKS["sweep"], PLUGIN, _wait(left="three"))


GOOD: tuple[tuple[str, Any], ...] = (
    ("intend", api.Intent(conditions=(condition(),))),
    ("drain", None),
    ("drain", _wait()),
    ("drain", _wait(after=0, left=0, facts=(Color(rgb="1"),))),
    ("observe", api.Done(facts=(Color(rgb="1"),), version="1", recheck_seconds=60)),
    ("observe", api.Done(declines=("Color",))),
    ("observe", api.Done(consumed=("paint",))),
    ("prepare", _wait(consumed=("paint", "paint"))),
    ("confirm", api.Blocked(reason="No", message="ü")),
    ("verify", api.Proof(own=3, held=1, queries=("a",), suspects=("b",))),
    ("fence", api.Fenced(grade="Unfenced", evidence="", settle_seconds=86400)),
    (
        "intend",
        api.Intent(
            data={"a": {"b": [1, None]}},
            uses=(api.Use(resource=resources.SECRETS, name="a", uid="u"),),
        ),
    ),
    (
        "contribute",
        api.Contribution(
            objects=(_object(), _object(metadata={"name": "b", "namespace": "n", "labels": None})),
            secrets=(
                api.SecretObject(
                    namespace="a", name="b", data={"c": api.SecretSource(key="k", optional=True)}
                ),
            ),
        ),
    ),
    ("secret_references", (("a", "b"),)),
    ("plan", (api.PlannedAction(action="keep", kind="a", name="b"),)),
    ("audit", api.Audit(strays=(api.Stray(owner="a", kind="b", name="c", age_seconds=1.5),))),
)


@pytest.mark.parametrize(("verb", "answer"), GOOD, ids=[verb for verb, _ in GOOD])
def test_what_is_right_comes_back_equal(verb: str, answer: Any) -> None:
    assert answers.checked(HOOKS[verb], PLUGIN, answer) == answer


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
    max_leaves=5,
)
_CLASSES: dict[str, type[Any]] = {
    "drain": api.Wait,
    "confirm": api.Blocked,
    "observe": api.Done,
    "fence": api.Fenced,
    "verify": api.Proof,
    "intend": api.Intent,
    "contribute": api.Contribution,
}


@given(st.sampled_from(sorted(_CLASSES)), st.data())
def test_whatever_is_put_into_an_answer_it_is_right_or_a_failure(
    verb: str, data: st.DataObject
) -> None:
    kind = _CLASSES[verb]
    fields = {
        name: data.draw(_ANYTHING if name != "reason" else _ANYTHING | st.just("Soon"))
        for name in kind.__struct_fields__
    }
    try:
        checked = answers.checked(HOOKS[verb], PLUGIN, kind(**fields))
    except VerbError:
        return
    assert type(checked) is kind
    assert answers.checked(HOOKS[verb], PLUGIN, checked) == checked
