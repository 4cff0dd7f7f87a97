"""A fact that is accepted is waited for only where somebody who is selected will give it."""

from __future__ import annotations

from typing import ClassVar

from akoo_core.objects.record import StoredFact
from akoo_core.plugin import api
from akoo_core.reconcile.decide import facts


class Colour(api.Fact, frozen=True, kw_only=True):
    fact_name: ClassVar[str] = "Colour"
    fact_version: ClassVar[int] = 2


class Shape(api.Fact, frozen=True, kw_only=True):
    fact_name: ClassVar[str] = "Shape"


class Painter(api.Plugin):
    provides = (Colour,)


class Builder(api.Plugin):
    accepts = (Colour, Shape)


def provided(version: int) -> facts.Facts:
    return {"Colour": StoredFact(plugin="painter", version=version)}


def test_only_what_a_selected_plugin_provides_and_has_not_given() -> None:
    builder, painter = Builder(), Painter()
    assert facts.awaited({}, builder, [builder, painter]) == ("Colour",)
    assert facts.awaited({}, builder, [builder]) == ()
    assert facts.awaited(provided(2), builder, [builder, painter]) == ()


def test_one_of_another_version_is_none() -> None:
    builder, painter = Builder(), Painter()
    assert facts.awaited(provided(1), builder, [builder, painter]) == ("Colour",)
