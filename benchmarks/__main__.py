"""``python -m benchmarks [NAME ...]``: run all benchmarks, or those that are named."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

from benchmarks import (
    adoptions,
    charts,
    fleet,
    fleet_rest,
    footprint,
    observing,
    reconciles,
    startup,
    sweep,
    workload_watches,
)
from benchmarks.accounts import rotations
from benchmarks.port_groups import keeping, making, waiting

BENCHMARKS: dict[str, Callable[[], Awaitable[None]]] = {
    "import": startup.imports,
    "start": startup.to_first_reconcile,
    "footprint": footprint.idle,
    "noop": reconciles.noop,
    "onboarding": fleet.onboarding,
    "adoptions": adoptions.adoptions,
    "rest": fleet_rest.rest,
    "rest-large": fleet_rest.rest_large,
    "watches": workload_watches.watches,
    "observe": observing.fleet,
    "port-groups": making.making,
    "port-groups-kept": keeping.keeping,
    "port-groups-beside": waiting.beside_a_hung,
    "rotations": rotations.rotations,
    "charts": charts.template,
    "sweep": sweep.ten_thousand,
}


async def _main(wanted: list[str]) -> None:
    unknown = [name for name in wanted if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"benchmarks: no {', '.join(unknown)}; there is {', '.join(BENCHMARKS)}")
    for name in wanted or BENCHMARKS:
        await BENCHMARKS[name]()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1:]))
