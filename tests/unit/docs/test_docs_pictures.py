"""The pictures of the docs are those of the product."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from hack import pictures


def test_the_life_of_a_cluster_is_the_picture_of_the_recorded_traces() -> None:
    drawn = pictures.life()
    assert ElementTree.fromstring(drawn).tag == "{http://www.w3.org/2000/svg}svg"
    assert pictures.LIFE.read_text() == drawn, "draw it again: python -m hack.pictures"


def test_the_picture_of_the_fleet_is_there() -> None:
    assert (pictures.ROOT / "docs" / "images" / "fleet.png").read_bytes().startswith(b"\x89PNG")
