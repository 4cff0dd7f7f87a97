"""A fact that is accepted is waited for only where somebody who is selected may still give it."""

from __future__ import annotations

from typing import ClassVar

from hypothesis import given as drawn
from hypothesis import strategies

from akoo_core import structs
from akoo_core.objects.record import DeclinedFact, RecordSpec, StoredFact
from akoo_core.plugin import api
from akoo_core.reconcile.decide import facts
from tests.unit.reconcile import reconcile_builders as builders


class Colour(api.Fact, frozen=True, kw_only=True):
    fact_name: ClassVar[str] = "Colour"
    fact_version: ClassVar[int] = 2


class Shape(api.Fact, frozen=True, kw_only=True):
    fact_name: ClassVar[str] = "Shape"


class Painter(api.Plugin):
    name = "painter"
    provides = (Colour,)


class Builder(api.Plugin):
    name = "builder"
    accepts = (Colour, Shape)


class Varnisher(api.Plugin):
    name = "varnisher"
    requires = (Colour,)
    provides = (Shape,)


def record_spec(
    *, provided: facts.Facts | None = None, declined: dict[str, str] | None = None
) -> RecordSpec:
    decliners = {name: DeclinedFact(plugin=plugin) for name, plugin in (declined or {}).items()}
    return structs.replace(builders.make_record().spec, facts=provided or {}, declined=decliners)


def provided_by_painter(version: int) -> RecordSpec:
    return record_spec(provided={"Colour": StoredFact(plugin="painter", version=version)})


def test_only_what_a_selected_plugin_provides_and_has_not_given() -> None:
    builder, painter = Builder(), Painter()
    assert facts.awaited(record_spec(), builder, [builder, painter]) == ("Colour",)
    assert facts.awaited(record_spec(), builder, [builder]) == ()
    assert facts.awaited(provided_by_painter(2), builder, [builder, painter]) == ()


def test_a_fact_of_another_version_is_none() -> None:
    builder, painter = Builder(), Painter()
    assert facts.awaited(provided_by_painter(1), builder, [builder, painter]) == ("Colour",)


def test_a_declined_fact_is_not_awaited_while_its_decliner_provides_it() -> None:
    builder, painter = Builder(), Painter()
    declined = record_spec(declined={"Colour": "painter"})
    assert facts.awaited(declined, builder, [builder, painter]) == ()
    former = record_spec(declined={"Colour": "former"})
    assert facts.awaited(former, builder, [builder, painter]) == ("Colour",)


def test_a_required_fact_that_is_declined_says_so() -> None:
    varnisher = Varnisher()
    missing = facts.lacking(record_spec(), varnisher, after=7.0)
    assert missing is not None
    assert (missing.reason, missing.after) == ("FactMissing", 7.0)
    declined = facts.lacking(record_spec(declined={"Colour": "painter"}), varnisher, after=7.0)
    assert declined is not None
    assert declined.reason == "FactDeclined"
    assert 'plugin "painter" declines it for this cluster' in declined.message
    assert facts.lacking(provided_by_painter(2), varnisher, after=7.0) is None


def test_a_plugin_that_cannot_be_called_declines_what_it_has_not_given() -> None:
    builder, painter, varnisher = Builder(), Painter(), Varnisher()
    spec = facts.undecided(record_spec(declined={"Colour": "painter"}), varnisher)
    assert spec.declined["Shape"] == DeclinedFact(plugin="varnisher")
    assert facts.awaited(spec, builder, [builder, painter, varnisher]) == ()
    shape = StoredFact(plugin="varnisher", version=1)
    kept = record_spec(provided={"Shape": shape}, declined={"Colour": "painter"})
    assert facts.undecided(kept, varnisher) == kept, "what it gave stays as in any trouble"
    open_again = structs.replace(spec, declined={"Shape": DeclinedFact(plugin="varnisher")})
    assert facts.undecided(open_again, varnisher).declined == {}, "the painter may give it now"


class Red(api.Fact, frozen=True, kw_only=True):
    fact_name: ClassVar[str] = "Red"


class Blue(api.Fact, frozen=True, kw_only=True):
    fact_name: ClassVar[str] = "Blue"


SOME = strategies.sets(strategies.sampled_from((Red, Blue)))


@strategies.composite
def answers(draw: strategies.DrawFn) -> api.Done | api.Wait:
    provided = draw(SOME)
    if draw(strategies.booleans()):
        return api.Wait(
            reason="Busy", message="", after=1, facts=tuple(kind() for kind in provided)
        )
    declines = {kind.fact_name for kind in draw(SOME) - provided}
    return api.Done(facts=tuple(kind() for kind in provided), declines=tuple(sorted(declines)))


@drawn(strategies.lists(answers(), max_size=6), strategies.booleans())
def test_a_fact_is_never_given_and_declined(
    sequence: list[api.Done | api.Wait], replace: bool
) -> None:
    """The last answer about a fact counts, whichever way the record takes it."""
    spec, answered, last = record_spec(), facts.Answered(), dict[str, str]()
    for answer in sequence:
        answered = answered.then("painter", answer)
        merge = facts.replaced if replace else facts.added
        spec = merge(spec, "painter", answered)
        last |= {type(fact).fact_name: "given" for fact in answer.facts}
        declines = answer.declines if isinstance(answer, api.Done) else ()
        last |= dict.fromkeys(declines, "declined")
    state = dict.fromkeys(spec.facts, "given") | dict.fromkeys(spec.declined, "declined")
    assert state == last
    assert not spec.facts.keys() & spec.declined.keys()
