"""Measures the bed on this machine: `python -m akoo_testbed.figures`.

Prints what takes how long, and the resident memory of each part, once idle and once after some
Clusters came and went.
"""

import asyncio
import os
import pathlib
import time

import click

from akoo_testbed import bed as beds
from akoo_testbed import parts

CLUSTERS = 5


def resident_mebibytes(pid: int) -> int:
    """Resident memory of a process."""
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20


async def measure() -> None:
    """Start a bed, make and delete Clusters one after the other, and print the figures."""
    started = time.monotonic()
    async with beds.Bed(beds.BedOptions(jaeger=True), report=_line) as bed:
        _line("bed ready", time.monotonic() - started)
        await bed.workloads.ready()
        _line("... and the workload server, too", time.monotonic() - started)
        _memory(bed)
        for number in range(CLUSTERS):
            await _cluster(bed, f"figures-{number}")
        await bed.workloads.ready()
        _memory(bed)
        stopping = time.monotonic()
    _line("stop", time.monotonic() - stopping)


async def _cluster(bed: beds.Bed, name: str) -> None:
    """The server of the pool is ready before: its start is measured apart."""
    started = time.monotonic()
    await bed.workloads.ready()
    _line("server of the pool empty again", time.monotonic() - started)
    started = time.monotonic()
    await bed.new_cluster("default", name)
    await bed.available("default", name)
    _line(f"{name} Available", time.monotonic() - started)
    started = time.monotonic()
    await bed.delete_cluster("default", name)
    _line(f"{name} deleted", time.monotonic() - started)


def _memory(bed: beds.Bed) -> None:
    running: list[parts.Part] = [bed.etcd, bed.management, bed.controller_manager, bed.cluster_api]
    running += [bed.jaeger] if bed.jaeger else []
    for server in bed.workloads.servers:
        running += [server.server, server.manager]
    rows = [(part.name, resident_mebibytes(part.pid)) for part in running]
    rows.append(("supervisor", resident_mebibytes(bed.base.processes.pid)))
    rows.append(("this process, provider included", resident_mebibytes(os.getpid())))
    for name, mebibytes in [*rows, ("total", sum(each for _, each in rows))]:
        click.echo(f"{name:<40} {mebibytes:6d} MiB")


def _line(title: str, seconds: float) -> None:
    click.echo(f"{title:<40} {seconds:6.2f} s")


if __name__ == "__main__":
    asyncio.run(measure())
