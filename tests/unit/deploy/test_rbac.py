"""The rights that are installed are those that the code declares."""

from __future__ import annotations

import pathlib

import pytest

from akoo_core import __main__ as command

RENDERED = pathlib.Path(__file__).parents[3] / "deploy" / "rbac" / "clusterrole.yaml"


def test_the_roles_are_rendered_anew(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(["rbac"]) == 0
    assert RENDERED.read_text() == capsys.readouterr().out, "call `make generate`"
