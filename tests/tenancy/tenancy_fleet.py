"""A fleet with the plugins ako, avi and tenancy as they are shipped, on an Avi Controller and a
Vault in memory. AKO logs in nine times at each of its starts, and restarts when its Secret changes.
"""

from __future__ import annotations

import base64
import collections
import datetime
import functools
import pathlib
import random
from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from akoo_ako.plugin import AkoPlugin
from akoo_avi.client import Credential, calls
from akoo_avi.plugin import AviPlugin
from akoo_avi.testing import memory as avi_memory
from akoo_avi.testing import memory_controllers
from akoo_tenancy.journal.record import Record
from akoo_tenancy.plugin import TenancyPlugin
from akoo_tenancy.spec import names, settings
from akoo_tenancy.spec.facts import TenancyAccount
from akoo_tenancy.store import api as stores
from akoo_tenancy.testing.store import MemoryVault
from akoo_testbed.avisim import Controller, client, snapshots

from akoo_core import external, structs, testing
from akoo_core import settings as core_settings
from akoo_core.kube import errors, resource
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.testing import builders, memory, virtual_time
from akoo_core.testing.memory.kubelet import OTHERS

ADDRESS = "avi.example.com"
NAMESPACE = "avi-system"
PASSWORD = builders.canary("admin-password")
LOGINS = 9
READY_AFTER = datetime.timedelta(seconds=2)
CRDS = pathlib.Path(__file__).parents[2] / "deploy" / "crds"
SPEC: dict[str, Any] = {
    "controller": ADDRESS,
    "cloudName": "vc-01",
    "serviceEngineGroup": "seg",
    "tenant": {"name": "blue"},
    "dataNetwork": {"name": "vip", "cidr": "10.70.0.0/24"},
    "adminCredentialRef": {"name": "admin", "namespace": "avi"},
    "certificateAuthorityRef": {"name": "ca", "namespace": "avi"},
}
SECRETS = (
    builders.secret("avi", "admin", username="admin", password=PASSWORD),
    builders.secret("avi", "ca", certificateAuthorityData="PEM"),
    builders.secret("avi", "shop", username="shop", password="ako-of-the-config"),
)
SOON = {"every": "10m", "grace": "1m"}
"""With the fixture ``soon``."""


@functools.cache
def furnished(now: float, identity: str = "") -> snapshots.Snapshot:
    """A cloud with all that clusters are placed in, and tenant blue. Passwords age from ``now``."""
    avi = Controller(
        password=PASSWORD, rng=random.Random(7), clock=lambda: now, identity=identity or "avi"
    )
    hand = client.Client(avi, password=PASSWORD)
    hand.post("tenant", {"name": "blue"})
    networks = {"type": "IPAMDNS_TYPE_INTERNAL", "internal_profile": {}}
    ipam = hand.post("ipamdnsproviderprofile", {"name": "ipam", **networks})
    cloud = {"name": "vc-01", "vtype": "CLOUD_NONE", "ipam_provider_ref": ipam["url"]}
    mine = {"cloud_ref": hand.post("cloud", cloud)["url"]}
    hand.post("serviceenginegroup", {"name": "seg", **mine})
    prefix = {"ip_addr": {"addr": "10.70.0.0", "type": "V4"}, "mask": 24}
    subnet = {"prefix": prefix, "static_ip_ranges": []}
    vip = hand.post("network", {"name": "vip", "configured_subnets": [subnet], **mine})
    ipam = hand.get(f"ipamdnsproviderprofile/{ipam['uuid']}")
    ipam["internal_profile"]["usable_networks"] = [{"nw_ref": vip["url"]}]
    hand.put(f"ipamdnsproviderprofile/{ipam['uuid']}", ipam)
    account = {"name": "shop", "password": "ako-of-the-config", "is_superuser": True}
    hand.post("user", account)
    return avi.snapshot()


@functools.cache
def definitions() -> tuple[dict[str, Any], ...]:
    """The CustomResourceDefinitions of the kinds that the plugins may be without."""
    names = ("avicontrollers", "aviippools", "avitenants")
    return tuple(yaml.safe_load((CRDS / f"{name}.yaml").read_text()) for name in names)


class Ako:
    """The AKO of one workload cluster: a process in each of its Pods."""

    def __init__(self, avi: Controller) -> None:
        self.avi = avi
        self.accounts: dict[str, tuple[str, str]] = {}
        """User name and password of each running process, by the UID of its Pod."""
        self.starts: collections.Counter[str] = collections.Counter()
        """By user name."""
        self.refused: list[str] = []
        self.answers_drain = True
        self.cut_off = False
        """Its API server is not seen any more: it goes on with the account that it has."""

    async def look(self, server: memory.MemoryServer) -> None:
        """Start where a Pod is new; end where the Secret changed."""
        account = account_of(server)
        pods = [pod for pod in server.objects(resource.PODS, NAMESPACE) if _is_ako(pod)]
        uids = {str(pod["metadata"]["uid"]): pod for pod in pods}
        self.accounts = {uid: known for uid, known in self.accounts.items() if uid in uids}
        user = server.client(system=OTHERS, field_manager="ako")
        for uid, pod in uids.items():
            if account is None or self.accounts.get(uid) == account:
                continue
            if uid in self.accounts:
                await restart(server, pod)
            self.accounts[uid] = account
            self.starts[account[0]] += 1
            await self.log_in(account)
        if self.answers_drain and _drains(server):
            done = {"metadata": {"annotations": {"AviObjectDeletionStatus": "Done"}}}
            try:
                await user.merge_patch(resource.STATEFUL_SETS, "ako", done, NAMESPACE)
            except errors.NotFoundError:
                return

    async def log_in(self, account: tuple[str, str]) -> None:
        """Nine times at once."""
        for _ in range(LOGINS):
            if not await logs_in(self.avi, account):
                self.refused.append(account[0])


async def restart(server: memory.MemoryServer, pod: dict[str, Any]) -> None:
    """The container ends and is started again in its Pod, as the kubelet does it."""
    (container,) = pod["status"]["containerStatuses"]
    moment, metadata = server.clock.now(), pod["metadata"]
    now = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    began = container["state"]["running"].get("startedAt") or metadata["creationTimestamp"]
    ended = {"exitCode": 0, "startedAt": began, "finishedAt": now}
    count = container["restartCount"] + 1
    container |= {
        "restartCount": count,
        "state": {"running": {"startedAt": now}},
        "lastState": {"terminated": ended},
    }
    user = server.client(system=OTHERS, field_manager="kubelet")
    status = {"status": {"containerStatuses": [container]}}
    name = metadata["name"]
    await user.merge_patch(resource.PODS, name, status, NAMESPACE, subresource="status")
    involved = {"kind": "Pod", "name": name, "namespace": NAMESPACE, "uid": metadata["uid"]}
    ready = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{name}.{metadata['uid']}.{count}", "namespace": NAMESPACE},
        "involvedObject": involved,
        "reason": "AKOReady",
        "lastTimestamp": f"{moment + READY_AFTER:%Y-%m-%dT%H:%M:%SZ}",
    }
    await user.create(resource.CORE_EVENTS, ready)


async def logs_in(avi: Controller, account: tuple[str, str]) -> bool:
    """One login as this user."""
    door = avi_memory.MemoryDoor(avi)
    answer = await door.login(Credential(*account), seconds=5.0)
    return not isinstance(answer, calls.AviAnswer)


def account_of(server: memory.MemoryServer) -> tuple[str, str] | None:
    """User name and password in avi-secret."""
    for secret in server.objects(resource.SECRETS, NAMESPACE):
        if secret["metadata"]["name"] == "avi-secret":
            data = secret.get("data") or {}
            username, password = (
                base64.b64decode(data.get(key, "")).decode() for key in ("username", "password")
            )
            return username, password
    return None


def _is_ako(pod: dict[str, Any]) -> bool:
    labels = pod["metadata"].get("labels") or {}
    return labels.get("app.kubernetes.io/name") == "ako"


def _drains(server: memory.MemoryServer) -> bool:
    maps = server.objects(resource.CONFIG_MAPS, NAMESPACE)
    return any((obj.get("data") or {}).get("deleteConfig") == "true" for obj in maps)


class TenancyFleet:
    """The fleet with everything around it."""

    def __init__(
        self,
        clock: virtual_time.LoopClock,
        *,
        chosen: settings.Settings | None = None,
        seam: external.External | None = None,
    ) -> None:
        self.clock = clock
        self.avi = Controller(
            password=PASSWORD, rng=random.Random(8), clock=lambda: clock.now().timestamp()
        )
        self.avi.restore(furnished(clock.now().timestamp()))
        self.hand = client.Client(self.avi, password=PASSWORD)
        self.vault = MemoryVault(clock)
        self.addresses = {ADDRESS: self.avi}
        self.akos: dict[str, Ako] = {}
        self.chosen = chosen or settings.Settings(store="Vault")
        self.fleet = testing.Fleet(
            clock,
            self.plugins,
            settings=core_settings.Settings(allowed_secret_namespaces=("avi",)),
            external=seam,
            turn=self._turn,
        )
        self.fleet.management.seed(*definitions())
        self.fleet.management.seed(*SECRETS)

    def plugins(self) -> Sequence[api.Plugin]:
        """Those of one process."""
        clients = functools.partial(memory_controllers, self.addresses, now=self.clock)
        tenancy = TenancyPlugin(self.chosen, store=self.vault.stores(), clients=clients())
        tenancy.name = names.PLUGIN
        return [AkoPlugin(), AviPlugin(clients=clients()), tenancy]

    async def _turn(self, fleet: testing.Fleet) -> None:
        for key, workload in sorted(fleet.capi.workloads.items()):
            ako = self.akos.setdefault(key, Ako(self.avi))
            if ako.cut_off:
                continue
            await ako.look(workload.server)

    async def config(self, spec: dict[str, Any] | None = None, **tenancy: Any) -> None:
        """The config, with spec.plugins.tenancy."""
        await self.fleet.create_config({**SPEC, **(spec or {})}, plugins={names.PLUGIN: tenancy})

    def record(self, name: str) -> record.Record:
        stored = self.fleet.record(name)
        assert stored is not None
        return stored

    def account(self, name: str) -> TenancyAccount | None:
        """The fact of the account."""
        stored = self.fleet.record(name)
        fact = stored.spec.facts.get(TenancyAccount.fact_name) if stored else None
        return structs.convert(fact.data, TenancyAccount) if fact is not None else None

    def is_active(self, name: str, sequence: int) -> bool:
        """True if AKO was seen with that account."""
        account = self.account(name)
        return account is not None and (account.sequence, account.phase) == (sequence, "Active")

    def journal(self, name: str) -> Record | None:
        """The record in the store."""
        stored = self.fleet.record(name)
        if stored is None:
            return None
        data = self.vault.data(stores.record_key(stored.name))
        return structs.convert(data, Record) if data is not None else None

    def users(self, name: str) -> list[str]:
        """Names of the users of a cluster on the controller."""
        return self.users_of(self.record(name).name)

    def users_of(self, cluster: str) -> list[str]:
        listed = (obj.name for obj in self.avi.state.objects.of_kind("user"))
        return sorted(name for name in listed if names.sequence(cluster, name) is not None)

    def roles_of(self, cluster: str) -> list[str]:
        listed = (obj.name for obj in self.avi.state.objects.of_kind("role"))
        return sorted(name for name in listed if name.startswith(f"{cluster}-"))

    def ako(self, name: str) -> Ako:
        """The AKO of a cluster."""
        (key,) = (key for key in self.akos if name in str(key))
        return self.akos[key]

    def refused(self) -> list[str]:
        """All refused logins of AKOs."""
        return [username for ako in self.akos.values() for username in ako.refused]

    def conditions(self, name: str) -> dict[str, tuple[str, str, str]]:
        """Status, reason and message by type."""
        return {
            c.type: (c.status, c.reason, c.message) for c in self.record(name).status.conditions
        }

    def condition(self, name: str) -> tuple[str, str, str]:
        """That of this plugin."""
        listed = self.conditions(name)
        return next(row for kind, row in listed.items() if "tenancy" in kind.lower())

    def requests(self) -> Iterator[Any]:
        """All requests of operators and AKOs at the controller so far."""
        yield from self.avi.journal.entries()

    def after(self, seconds: float) -> datetime.datetime:
        return self.clock.now() + datetime.timedelta(seconds=seconds)
