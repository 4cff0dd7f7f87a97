"""The commands over a management cluster in memory."""

from __future__ import annotations

import pytest

from tests.unit.cli import commands_bed


@pytest.fixture
def bed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> commands_bed.Bed:
    return commands_bed.open_bed(monkeypatch, capsys)
