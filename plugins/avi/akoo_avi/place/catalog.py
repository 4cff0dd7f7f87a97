"""The parts of places on a controller: tenants, clouds, SE groups, networks, VRFs, IPAM profiles.

Read whole, once per controller and some seconds, for all its clusters. So a fleet costs no more
requests than pages, and a message about a missing name can list the existing ones.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from akoo_avi.client import AviClient
from akoo_avi.client.access.reach import Reach
from akoo_avi.connect import readings
from akoo_avi.ownership import visibility
from akoo_avi.ownership.references import uuid_of
from akoo_avi.spec import names
from akoo_core.plugin import clock, structs

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
    vrfs: Rows = ()
    moving: frozenset[str] = frozenset()
    """Kinds whose list changed while it was read: a row may be missing. See :func:`settled`."""
    unseen: str = ""
    """The objects that our user may not see; then no clean-up could be proven. "" for none."""


class Sought(NamedTuple):
    """The objects that a decision by a catalog depends on."""

    tenant: str
    cloud: str
    se_group: str = ""
    networks: tuple[str, ...] = ()
    tenant_uuid: str = ""
    """Set where it decides, and not the name."""
    moref: str = ""
    """Moref of a port group: its network has the uuid ``<moref>-<uuid of the cloud>``."""
    network_uuids: tuple[str, ...] = ()
    vrfs: bool = False
    """VRFs matter. Their attributes decide which one, so all of them are needed."""


_FIELDS = {
    "tenant": "tenants",
    "cloud": "clouds",
    "serviceenginegroup": "se_groups",
    "network": "networks",
    "ipamdnsproviderprofile": "ipam_profiles",
    "vrfcontext": "vrfs",
}
"""Kinds, and the catalog's field for their rows."""


async def read(client: AviClient) -> Catalog:
    """The current catalog. Raises AviErrors."""
    runtime = await client.get("cluster/runtime")
    cluster = await client.get("cluster")
    rows = {kind: await client.seen(kind) for kind in _FIELDS}
    claims = await client.seen("stringgroup", params={"name.contains": names.CLAIM_PREFIX})
    return Catalog(
        address=client.address,
        version=await client.version(),
        uuid=str(cluster.get("uuid", "")),
        state=str((runtime.get("cluster_state") or {}).get("state", "")),
        tenants=rows["tenant"].objects,
        clouds=rows["cloud"].objects,
        se_groups=rows["serviceenginegroup"].objects,
        networks=rows["network"].objects,
        ipam_profiles=rows["ipamdnsproviderprofile"].objects,
        vrfs=rows["vrfcontext"].objects,
        claims=claims.objects,
        moving=frozenset(kind for kind, seen in rows.items() if not seen.still),
        unseen=await visibility.missing(client),
    )


async def settled(client: AviClient, known: Catalog, sought: Sought) -> Catalog:
    """The catalog with all rows that are sought, also of kinds that changed while they were read.

    No request if all held still; else a short list by name for each. Raises AviErrors.
    """
    if not known.moving:
        return known
    by_uuid = {"uuid": sought.tenant_uuid} if sought.tenant_uuid else {"name": sought.tenant}
    known = await _again(client, known, "tenant", by_uuid)
    known = await _again(client, known, "cloud", {"name": sought.cloud})
    if sought.vrfs:
        known = await whole(client, known, "vrfcontext")
    for uuid in sought.network_uuids:
        known = await _again(client, known, "network", {"uuid": uuid})
    for cloud in called(sought.cloud, known.clouds):
        here = {"cloud_ref.uuid": cloud["uuid"]}
        known = await _again(client, known, "serviceenginegroup", {"name": sought.se_group, **here})
        for name in sought.networks:
            known = await _again(client, known, "network", {"name": name, **here})
        if sought.moref:
            uuid = f"{sought.moref}-{cloud['uuid']}"
            known = await _again(client, known, "network", {"uuid": uuid})
        profile = uuid_of(cloud.get("ipam_provider_ref"))
        known = await _again(client, known, "ipamdnsproviderprofile", {"uuid": profile})
    return known


async def looked_for(client: AviClient, known: Catalog, moref: str, cloud: Row) -> Catalog:
    """The catalog with the network of a port group as it is now: one short request, since discovery
    may just have made it. A second one if it is there: a pool may just have made it usable, which
    the IPAM profile shows. Raises AviErrors."""
    params = {"uuid": f"{moref}-{cloud['uuid']}"}
    networks = await client.list("network", params=params)
    known = _replaced(known, "network", params, networks)
    params = {"uuid": uuid_of(cloud.get("ipam_provider_ref"))}
    if not networks or not params["uuid"]:
        return known
    profiles = await client.list("ipamdnsproviderprofile", params=params)
    return _replaced(known, "ipamdnsproviderprofile", params, profiles)


async def whole(client: AviClient, known: Catalog, kind: str) -> Catalog:
    """The catalog with all rows of a kind. Raises AviErrors; IncompleteListError while it
    changes."""
    if kind not in known.moving:
        return known
    changes: dict[str, Any] = {_FIELDS[kind]: await client.list(kind)}
    return dataclasses.replace(known, moving=known.moving - {kind}, **changes)


async def _again(
    client: AviClient, known: Catalog, kind: str, params: Mapping[str, str]
) -> Catalog:
    """The catalog with these rows replaced by those of a list of their own."""
    if kind not in known.moving or "" in params.values():
        return known
    return _replaced(known, kind, params, await client.list(kind, params=params))


def _replaced(known: Catalog, kind: str, params: Mapping[str, str], fresh: Rows) -> Catalog:
    fresh_uuids = {row.get("uuid") for row in fresh}
    rows: Rows = getattr(known, _FIELDS[kind])
    kept = [row for row in rows if not _matches(row, params) and row.get("uuid") not in fresh_uuids]
    changes: dict[str, Any] = {_FIELDS[kind]: (*kept, *fresh)}
    return dataclasses.replace(known, **changes)


def _matches(row: Row, params: Mapping[str, str]) -> bool:
    values = {**row, "cloud_ref.uuid": uuid_of(row.get("cloud_ref"))}
    return all(values.get(field) == value for field, value in params.items())


class Catalogs:
    """The last catalog of each way to a controller. For one event loop."""

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds
        self._readings: readings.Readings[Reach, tuple[float, Catalog]] = readings.Readings()

    async def get(
        self,
        client: AviClient,
        reach: Reach,
        now: clock.Clock,
        *,
        seconds: float | None = None,
        since: float | None = None,
    ) -> Catalog:
        """A catalog that is at most ``seconds`` old; None: the default age. ``since``: a monotonic
        time; the reading begins after it.

        One per ``reach``, since accounts may see different objects. Callers that ask at once share
        one reading. Raises AviErrors, for all of them.
        """

        async def read_now() -> tuple[float, Catalog]:
            return now.monotonic(), await read(client)

        def fresh(known: tuple[float, Catalog]) -> bool:
            if since is not None:
                return known[0] > since
            return now.monotonic() - known[0] < (seconds or self._seconds)

        return (await self._readings.get(reach, read_now, fresh))[1]


def called(name: str, rows: Iterable[Row]) -> Rows:
    """The rows of that name."""
    return tuple(row for row in rows if row.get("name") == name)


def names_of(rows: Iterable[Row]) -> tuple[str, ...]:
    """The names of the rows."""
    return tuple(str(row.get("name", "")) for row in rows)
