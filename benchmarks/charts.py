"""A chart rendered as the AKO plugin does it, against the bare command."""

from __future__ import annotations

import asyncio
import pathlib
import subprocess
import tempfile
import time

from akoo_ako.helm import command
from akoo_testbed.building import build

from akoo_core import external
from akoo_core.plugin import structs
from benchmarks import figures
from tests.ako import ako_chart

RUNS = 25
VALUES = {"extra": {"text": "x"}}


async def template() -> None:
    """``helm template`` by us and bare, in turn, with the same chart and values."""
    helm = str(build.ensure(["helm"]).binary("helm"))
    work = command.TemplateWork(helm, ako_chart.archive(), VALUES)
    ours: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        files = pathlib.Path(folder)
        (files / "chart.tgz").write_bytes(work.archive)
        (files / "values.json").write_bytes(structs.encode_json(VALUES))
        for _ in range(RUNS):
            started = time.perf_counter()
            await command.template(work, external.External())
            ours.append(time.perf_counter() - started)
            bare.append(await asyncio.to_thread(_bare, helm, folder))
    figures.show("helm template, bare", "s", bare)
    figures.show("helm template, by the plugin", "s", ours, "at most 1.3 of the bare command")


def _bare(helm: str, folder: str) -> float:
    started = time.perf_counter()
    subprocess.run(
        [helm, *command.ARGUMENTS],
        cwd=folder,
        env={"HOME": folder},
        capture_output=True,
        check=True,
    )
    return time.perf_counter() - started
