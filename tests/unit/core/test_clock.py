"""Clocks: which of them goes on while the machine is suspended."""

from __future__ import annotations

import time

import pytest

from akoo_core import clock

linux = pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="Linux has this clock")


@linux
def test_time_that_was_slept_through_counts_for_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux adds it to CLOCK_BOOTTIME only."""
    lease, system = clock.LeaseClock(), clock.SystemClock()
    before = lease.monotonic(), system.monotonic()
    read = time.clock_gettime
    slept = {time.CLOCK_BOOTTIME: 3600.0}
    monkeypatch.setattr(time, "clock_gettime", lambda which: read(which) + slept.get(which, 0.0))
    assert 3600.0 <= lease.monotonic() - before[0] < 3660.0
    assert system.monotonic() - before[1] < 60.0


def test_it_never_goes_back() -> None:
    lease = clock.LeaseClock()
    read = [lease.monotonic() for _ in range(100)]
    assert read == sorted(read)


def _refused(which: int) -> float:
    raise OSError(22, "Invalid argument")


def test_where_there_is_no_such_clock_the_usual_one_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(time, "clock_gettime", _refused)
        assert clock.LeaseClock().monotonic() == pytest.approx(time.monotonic(), abs=60.0)
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    assert clock.LeaseClock().monotonic() == pytest.approx(time.monotonic(), abs=60.0)
