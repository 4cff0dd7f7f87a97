"""Requests that observing a fleet takes: one avisim over TLS, many clusters, one minute of theirs.

The minute is of a clock that is set; requests, their time and CPU are real. Every cluster looks
each half minute, at a second of its own, as in the operator.
"""

from __future__ import annotations

import os
import time

from akoo_avi.client import AviClient, Credential, SessionRegistry
from akoo_avi.client.access.reach import Reach
from akoo_avi.health import observe, snapshot
from akoo_avi.spec import placement
from akoo_testbed import avisim
from akoo_testbed.avisim import client as avisim_client

from akoo_core import clock, external
from akoo_core.plugin import api
from benchmarks import figures

CLUSTERS = (10, 100, 500)
SERVICES = 4
"""Virtual services of a cluster."""
PAGE = 200
EVERY_SECONDS = 30
PASSWORD = "Bench-only-1"
REACH = Reach(address="avi.example.com", credential=api.SecretName(namespace="a", name="b"))


async def fleet() -> None:
    """Requests a minute, and the CPU of this process, for each size of fleet."""
    print(f"-- {SERVICES} services each, pages of {PAGE}, load {os.getloadavg()[0]:.1f} before")
    for clusters in CLUSTERS:
        controller = avisim.Controller(password=PASSWORD)
        _furnish(controller, clusters)
        async with avisim.AviServer(controller) as server:
            controllers = SessionRegistry(pool_size=8)
            who = Credential("admin", PASSWORD, server.ca_pem)
            address = f"{server.host}:{server.port}"
            client = await controllers.client(address, who, external=external.External())
            await client.get("cluster")  # so that the session's own requests are not counted
            controller.journal.clear()
            wall = time.perf_counter()
            looks = await _minute(client, clusters)
            wall = time.perf_counter() - wall
            requests = len(controller.journal.entries())
            await controllers.close()
        pages = -(-clusters * SERVICES // PAGE)
        figures.show(f"{clusters} clusters: looks in a minute", "", [looks])
        figures.show(f"{clusters} clusters: requests", "", [requests], f"{2 * (pages + 2)}")
        figures.show(f"{clusters} clusters: all of it", "s", [wall])


async def _minute(client: AviClient, clusters: int) -> int:
    now, shared, looks = clock.ManualClock(), snapshot.Snapshots(), 0
    place = placement.Place(controller_uuid="c", cloud_uuid="c", tenant_uuid="t", se_group_uuid="g")
    for second in range(60):
        for number in range(second % EVERY_SECONDS, clusters, EVERY_SECONDS):
            state = await shared.of(REACH, client, now)
            stored = placement.Stored(
                cluster_name=_name(number),
                reach=REACH,
                place=place,
                cloud="c",
                tenant="t",
                se_group="g",
            )
            result = observe.judge(state, stored, address=client.address, again=shared.seconds)
            if f"{SERVICES} virtual services" not in result.message:
                raise RuntimeError(f"{_name(number)}: {result.message}")
            looks += 1
        now.advance(1.0)
    return looks


def _furnish(controller: avisim.Controller, clusters: int) -> None:
    hand = avisim_client.Client(controller, password=PASSWORD)
    for number in range(clusters):
        for service in range(SERVICES):
            name = f"{_name(number)}--{service}"
            vip = hand.post("vsvip", {"name": name, "vip": []})
            marker = {"key": "clustername", "values": [_name(number)]}
            hand.post(
                "virtualservice", {"name": name, "vsvip_ref": vip["url"], "markers": [marker]}
            )


def _name(number: int) -> str:
    return f"akoo-{number:012x}"
