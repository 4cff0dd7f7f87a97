"""The commands over a management cluster in memory."""

from __future__ import annotations

import pytest

from tests.unit.cli import commands_world


@pytest.fixture
def world(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> commands_world.CommandWorld:
    return commands_world.open_world(monkeypatch, capsys)
