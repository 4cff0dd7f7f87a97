"""What clusters are placed in: tenants, clouds, SE groups, networks and IPAM profiles.

Read whole, once per controller and some seconds, for all its clusters: so a fleet costs no more
requests than pages, and what does not exist can be told with the names that do.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterable

from akoo_avi import names, sight
from akoo_avi.client import AviClient
from akoo_avi.placement import Reach
from akoo_core import clock, structs

Row = structs.JSON
Rows = tuple[Row, ...]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Catalog:
    """One controller at one moment."""

    address: str
    version: str
    uuid: str
    """Of the Avi cluster."""
    state: str
    """``CLUSTER_UP_NO_HA`` and the like."""
    tenants: Rows
    clouds: Rows
    se_groups: Rows
    networks: Rows
    ipam_profiles: Rows
    claims: Rows
    """All StringGroups whose names are those of claims."""
    unseen: str = ""
    """What our user cannot see for sure; then no clean-up could be proven."""


async def read(client: AviClient) -> Catalog:
    """The catalog as it is now. Raises AviErrors."""
    runtime = await client.get("cluster/runtime")
    cluster = await client.get("cluster")
    return Catalog(
        address=client.address,
        version=await client.version(),
        uuid=str(cluster.get("uuid", "")),
        state=str((runtime.get("cluster_state") or {}).get("state", "")),
        tenants=await client.list("tenant"),
        clouds=await client.list("cloud"),
        se_groups=await client.list("serviceenginegroup"),
        networks=await client.list("network"),
        ipam_profiles=await client.list("ipamdnsproviderprofile"),
        claims=await client.list("stringgroup", params={"name.contains": names.CLAIM_PREFIX}),
        unseen=await sight.missing(client),
    )


class Catalogs:
    """The last catalog of each way to a controller. For one event loop."""

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds
        self._known: dict[Reach, tuple[float, Catalog]] = {}
        self._locks: dict[Reach, asyncio.Lock] = {}

    async def get(
        self, client: AviClient, reach: Reach, now: clock.Clock, *, seconds: float | None = None
    ) -> Catalog:
        """A catalog that is at most ``seconds`` old; None: as old as any may be.

        By ``reach``, since accounts may see differently. However many ask at once, one of them
        reads; who waited reads anew if that failed. Raises AviErrors.
        """
        async with self._locks.setdefault(reach, asyncio.Lock()):
            known, asked = self._known.get(reach), now.monotonic()
            if known is not None and asked - known[0] < (seconds or self._seconds):
                return known[1]
            found = await read(client)
            self._known[reach] = (asked, found)
            return found


def called(name: str, rows: Iterable[Row]) -> Rows:
    """The rows of that name."""
    return tuple(row for row in rows if row.get("name") == name)


def names_of(rows: Iterable[Row]) -> tuple[str, ...]:
    """Their names."""
    return tuple(str(row.get("name", "")) for row in rows)
