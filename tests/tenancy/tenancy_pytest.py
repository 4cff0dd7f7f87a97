"""Rotations that come soon: an hour of virtual time costs seconds."""

from __future__ import annotations

import datetime

import pytest
from akoo_tenancy.spec import config


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Configs may ask for a rotation every minute."""
    monkeypatch.setattr(config, "SHORTEST_AGE", datetime.timedelta(minutes=1))
