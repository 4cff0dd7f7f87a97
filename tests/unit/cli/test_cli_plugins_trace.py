"""`akoo-core plugins trace`: each call of a hook in the life of a Cluster, in memory."""

from __future__ import annotations

import json
import logging
import pathlib
import sys
from collections.abc import Iterator

import pytest

from akoo_core.__main__ import run
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.plugin_host import observed

PLUGIN = """
from akoo_core.plugin import api
from akoo_core.plugin.api import hookimpl

class Shelf(api.Plugin):
    @hookimpl
    async def prepare(self, ctx):
        return api.Done()

    @hookimpl
    async def observe(self, ctx):
        return api.Blocked(reason="ShelfFull", message="Make room.")

    @hookimpl
    async def sweep(self, ctx):
        return api.Done()

    @hookimpl
    async def verify(self, ctx):
        return api.Proof()

    @hookimpl
    def on_event(self, event):
        raise RuntimeError("no")
"""


@pytest.fixture
def choice(tmp_path: pathlib.Path) -> Iterator[str]:
    file = tmp_path / "shelf.py"
    file.write_text(PLUGIN)
    yield f"{file}:Shelf"
    sys.modules.pop("shelf", None)


def test_the_calls_of_a_life_in_their_order(
    choice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["plugins", "trace", choice]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "0.0 s Cluster team-a/shop is created"
    assert "60.0 s Cluster team-a/shop is deleted" in lines
    assert lines[-1].endswith("Cluster team-a/shop is gone")
    deleted = lines.index("60.0 s Cluster team-a/shop is deleted")
    alive, leaving = lines[:deleted], lines[deleted:]
    assert "0.0 s prepare shelf done" in alive
    assert "0.0 s observe shelf blocked ShelfFull" in alive
    assert not [line for line in alive if "sweep" in line]
    steps = [line.split()[2] for line in leaving if " shelf " in line]
    assert [step for step in steps if step != "on_event"][:2] == ["sweep", "verify"]
    assert [line for line in lines if "on_event shelf error" in line]


def test_as_json_with_the_record(choice: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plugins", "trace", choice, "--output", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    first = next(row for row in rows if row["hook"] == "prepare")
    assert first.keys() == {"at", "hook", "plugin", "record", "result", "reason", "seconds"}
    assert (first["plugin"], first["result"]) == ("shelf", "done")
    assert first["record"].startswith("akoo-")


def test_a_plugin_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plugins", "trace", "nsuch"]) == 2
    assert 'no plugin "nsuch"' in capsys.readouterr().err


def test_a_running_operator_logs_them_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[observed.HookCall] = []
    with caplog.at_level(logging.DEBUG, logger=observed.__name__), observed.listening(calls.append):
        with observed.observed("sweep", "shelf", "akoo-1") as seen:
            seen.answered(api.Wait(reason="Busy", message="Wait.", after=1.0))
        with pytest.raises(VerbError), observed.observed("verify", "shelf", ""):
            raise VerbError("shelf", "verify", "it broke")
    with observed.observed("release", "shelf", ""):
        pass
    assert [(call.hook, call.result, call.reason) for call in calls] == [
        ("sweep", "wait", "Busy"),
        ("verify", "error", ""),
    ]
    messages = [record.getMessage() for record in caplog.records]
    assert messages == ["hook sweep of shelf: wait", "hook verify of shelf: error"]
