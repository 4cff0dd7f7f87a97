"""The AKO plugin and the Avi plugin as they are shipped, with an Avi Controller in memory.

On it live others, too: a cluster of another management cluster, whose name begins like ours, with
all its objects. What the operator writes there is held against the laws at once, and in the end
against what was there before.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Hashable
from typing import Any

from akoo_ako.plugin import AkoPlugin
from akoo_avi.ownership import claim
from akoo_avi.plugin import AviPlugin
from akoo_avi.testing import memory_controllers
from akoo_testbed.avisim import Controller, client, snapshots, values
from akoo_testbed.avisim.objects.store import Key
from akoo_testbed.avisim.requests import subject
from akoo_testbed.avisim.requests.journal import SAFE_METHODS

from akoo_core import clock as clock_
from akoo_core.plugin import api
from akoo_core.testing import builders, verbs
from tests.avi import avi_oracle as oracle
from tests.sim.sim_ako import NAMESPACE
from tests.sim.sim_avi_ako import Place
from tests.sim.sim_laws import Laws
from tests.sim.sim_outside import Outside

ADDRESS = "avi.example.com"
OPERATOR = "operator"
"""The account of the operator; all others use admin's."""
PASSWORD = builders.canary("avi-password")
OTHER_MANAGEMENT = "00000000-0000-4000-8000-0000000000ff"
SHARED = {"vrfcontext", "serviceenginegroup"}
CONFIGURED = {"network", "ipamdnsproviderprofile"}

CONFIG: dict[str, Any] = {
    "controller": ADDRESS,
    "cloudName": "vc-01",
    "serviceEngineGroup": "seg",
    "dataNetwork": {
        "name": "vip",
        "cidr": "10.70.0.0/24",
        "ipPools": [{"start": "10.70.0.10", "end": "10.70.0.99", "type": "V4"}],
    },
    "adminCredentialRef": {"name": "avi", "namespace": NAMESPACE},
    "certificateAuthorityRef": {"name": "ca", "namespace": NAMESPACE},
    "workloadCredentialRef": {"name": "shop-avi", "namespace": NAMESPACE},
    "extraConfigs": {
        "disableStaticRouteSync": False,
        "ingress": {"serviceType": "ClusterIP", "defaultIngressController": True},
    },
}
SECRETS = (
    builders.secret(NAMESPACE, "avi", username=OPERATOR, password=PASSWORD),
    builders.secret(NAMESPACE, "ca", certificateAuthorityData=""),
    builders.secret(NAMESPACE, "shop-avi", "password", username="shop"),
)


class WatchedAvi(Controller):
    """A controller that tells a listener of each write of the operator before it has its effect."""

    listener: Callable[[subject.Subject], None] | None = None

    def handle(self, request: values.Request, meeting: Any = None) -> values.Response:
        """As :meth:`Controller.handle`."""
        meeting = meeting or self.meet(request)
        about = meeting.about
        writes = about.method not in SAFE_METHODS and about.path.startswith("/api/")
        if self.listener is not None and writes and about.user == OPERATOR:
            self.listener(about)
        return super().handle(request, meeting)


class AviOutside(Outside):
    """An Avi Controller as the outside of a fleet."""

    def __init__(self, laws: Laws, clock: clock_.Clock) -> None:
        super().__init__(laws)
        self.avi = WatchedAvi(
            password=PASSWORD,
            chosen={"bad-certificate": "accept"},
            rng=random.Random(7),
            clock=lambda: clock.now().timestamp(),
        )
        self.avi.restore(_furnished())
        self.avi.listener = self._written
        self.hand = client.Client(self.avi, password=PASSWORD)
        self.place = Place(self.hand, "vc-01", "seg", "vip")
        self.clock = clock
        self.swept: list[str] = []
        """Kinds that the operator deleted or edited for the cluster, in order."""
        self.cluster = ""
        """The name of the one AKO that is ours, as soon as it is known."""
        self.before = self.avi.snapshot()

    def settled(self) -> None:
        """From now on nobody but us is to change anything."""
        self.before = self.avi.snapshot()

    def neighbour(self, cluster: str) -> None:
        """Another management cluster's AKO of that name, with all its objects."""
        group, network = "seg-2", "vip-2"
        place = Place(self.hand, "vc-01", group, network)
        self.hand.post("stringgroup", claim.body(cluster, OTHER_MANAGEMENT, 1))
        place.works({"clusterName": cluster, "vipNetworkList": '[{"networkName": "vip-2"}]'})

    # What is asked of any outside.

    def count(self) -> oracle.Count:
        """The objects of ours that are left, by the oracle."""
        return oracle.count(self.avi, self.cluster, self.place.cloud)

    def own(self, record: str) -> list[str]:
        return oracle.shown(self.avi, self.count().own) if record == self.cluster else []

    def claimed(self, record: str) -> bool:
        """True if its claim is there."""
        return any(self.avi.state.objects.named(claim.KIND, f"akoo-claim-{record}"))

    def state(self) -> object:
        """The differences to before, without logins."""
        changes = self.avi.diff(self.before)
        return {
            "added": sorted(map(_title, changes.added.values())),
            "removed": sorted(map(_title, changes.removed.values())),
            "changed": self._changed(changes.changed),
            "suspect": oracle.shown(self.avi, self.count().suspect),
        }

    def survives(self) -> Hashable:
        """All objects by their versions, sessions, and what is to go wrong yet."""
        state = self.avi.state
        objects = frozenset((*key, obj.modified) for key, obj in state.objects.everything().items())
        return objects, len(state.accounts.sessions), repr(self.avi.faults.as_dict())

    def _changed(self, changed: dict[Key, tuple[str, ...]]) -> dict[str, list[str]]:
        """Fields of others' objects by what they are; an empty list is as good as none."""
        labels: dict[str, list[str]] = {}
        for key, fields in changed.items():
            old, new = self.before.objects[key].data, self.avi.state.objects.get(*key)
            assert new is not None
            other = [
                field
                for field in fields
                if (old.get(field) or None) != (new.data.get(field) or None)
            ]
            if other and key[0] != "user":
                labels[_title(new)] = sorted(other)
        return labels

    # AKO.

    def ako_works(self, data: dict[str, str]) -> None:
        """AKO makes everything, unless it has."""
        if not self.count().own:
            self._laws.ako_wrote(self.cluster)
            self.place.move(data["serviceEngineGroupName"])
            self.place.works(data)

    def ako_deletes(self, record: str, share: float = 1.0, *, own_account: bool = False) -> None:
        """AKO deletes its objects; only all of them with what it has in shared ones."""
        self.place.clear(self.count().objects, share)
        if share == 1.0:
            self.place.clear_shared(record)

    # The laws.

    def _written(self, about: subject.Subject) -> None:
        """The operator is about to write."""
        record = self.cluster
        if about.kind in CONFIGURED and about.method == "PUT":
            return  # A pool's: judged in the end.
        if about.kind == claim.KIND and about.name == f"akoo-claim-{record}":
            self._laws.outside_write(record, "avi", leaving=about.method == "DELETE")
            if about.method == "POST":
                self.made.append(about.name)
            return
        ours = about.kind in SHARED and about.method == "PUT"
        stored = self.avi.state.objects.get(about.kind, about.uuid)
        if about.method == "DELETE":
            data = stored.data if stored is not None else None
            ours = data is None or _is_own(about.kind, data, record, self.place.cloud)
        self._laws.require(ours, f"{about.method} {about.kind} {about.name}, which is not ours")
        self.swept.append(about.kind)
        self._laws.swept(record)
        self._laws.outside_write(record, "avi", leaving=True)


def _is_own(kind: str, data: dict[str, Any], cluster: str, cloud: str) -> bool:
    return oracle.whose(kind, data, cluster, cloud) == "own"


def _title(stored: Any) -> str:
    return f"{stored.kind}/{stored.name}"


@functools.cache
def _furnished() -> snapshots.Snapshot:
    """A cloud with all that clusters are placed in, and an account for the operator."""
    avi = Controller(password=PASSWORD, rng=random.Random(7), clock=builders.CREATED.timestamp)
    hand = client.Client(avi, password=PASSWORD)
    hand.post("user", {"name": OPERATOR, "password": PASSWORD, "is_superuser": True})
    networks = {"type": "IPAMDNS_TYPE_INTERNAL", "internal_profile": {}}
    ipam = hand.post("ipamdnsproviderprofile", {"name": "ipam", **networks})
    cloud = {"name": "vc-01", "vtype": "CLOUD_NONE", "ipam_provider_ref": ipam["url"]}
    made = {"cloud_ref": hand.post("cloud", cloud)["url"]}
    for name in ("seg", "seg-2", "seg-3"):
        hand.post("serviceenginegroup", {"name": name, **made})
    hand.post("network", {"name": "vip", **made})
    prefix = {"ip_addr": {"addr": "10.80.0.0", "type": "V4"}, "mask": 24}
    ends = {name: {"addr": f"10.80.0.{last}", "type": "V4"} for name, last in _ENDS}
    subnet = {"prefix": prefix, "static_ip_ranges": [{"range": ends}]}
    theirs = hand.post("network", {"name": "vip-2", "configured_subnets": [subnet], **made})
    ipam = hand.get(f"ipamdnsproviderprofile/{ipam['uuid']}")
    ipam["internal_profile"]["usable_networks"] = [{"nw_ref": theirs["url"]}]
    hand.put(f"ipamdnsproviderprofile/{ipam['uuid']}", ipam)
    return avi.snapshot()


_ENDS = (("begin", 10), ("end", 99))


def plugins(outside: Outside) -> list[api.Plugin]:
    """Those of one process."""
    assert isinstance(outside, AviOutside)
    clients = memory_controllers({ADDRESS: outside.avi}, now=outside.clock)
    return [verbs.named(AkoPlugin()), verbs.named(AviPlugin(clients=clients))]
