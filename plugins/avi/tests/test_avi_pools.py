"""AviIPPools on a simulated controller: made, grown, shrunk, repaired, taken away."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
import yaml
from akoo_avi import client
from akoo_avi.pools import marking, reconcile
from akoo_avi.pools import network as pool_network
from akoo_avi.spec import ip_pool, resources
from akoo_avi.testing.memory import PASSWORD, MemoryAvi, memory_controllers
from akoo_avi.testing.pool_world import ADDRESS, OWNER, PoolWorld, pool, using
from akoo_testbed.avisim.objects import discovery

from akoo_core import structs, testing
from akoo_core.kube import resource as kube_resource
from akoo_core.objects import conditions
from akoo_core.plugin import api
from akoo_core.telemetry import metrics

CRD = pathlib.Path(__file__).parents[3] / "deploy" / "crds" / "aviippools.yaml"
Object = dict[str, Any]
RELEASES = ("22.1.7", "30.2.2", "31.2.2")


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("in_use", ["refuse", "accept"])
@pytest.mark.parametrize("check", ["refuse", "accept"])
@pytest.mark.parametrize("entry", ["refuse", "accept"])
def test_a_life(release: str, in_use: str, check: str, entry: str) -> None:
    """Whatever a controller does about ranges in use, the operator does not rely on it."""
    there = PoolWorld(
        pool("edge", "10.70.0.10-10.70.0.19"),
        profile=release,
        range_in_use=in_use,
        range_check=check,
        usable_network_in_use=entry,
    )
    assert isinstance(there.run_pool(), api.Done)
    assert there.ranges == {"10.70.0.10-10.70.0.19"}
    assert there.usable()
    assert there.ready()[:2] == ("True", "Applied")
    vip = there.take("shop-vip", "10.70.0.18")
    shrunk = [{"begin": "10.70.0.10", "end": "10.70.0.14"}]
    there.edit({"subnets": [{"cidr": "10.70.0.0/24", "ranges": shrunk}]})
    there.run_pool()
    assert there.ranges == {"10.70.0.10-10.70.0.19"}
    status, reason, message = there.ready()
    assert (status, reason) == ("False", "AddressesInUse")
    assert "10.70.0.18 by shop-vip" in message
    there.delete()
    there.run_pool()
    assert there.ranges
    there.give_back(vip)
    there.run_pool()
    assert there.gone()
    assert not there.usable()
    assert not there.network.get("configured_subnets")
    assert not there.network.get("attrs")


def test_at_rest_nothing_is_written() -> None:
    there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19"))
    there.run_pool()
    before = there.writes, there.pool()
    again = testing.run_reconcile(there.plugin(), "ip-pools", "edge", there)
    assert (there.writes, there.pool()) == before
    assert not [write for write in again.writes if "aviippools" in write]
    assert isinstance(again.result, api.Done)
    assert again.result.recheck_seconds == reconcile.AGAIN_SECONDS


THEIRS: Object = {
    "type": "TheirsKnown",
    "status": "False",
    "reason": "Looked",
    "message": "m" * 2000,
}
STRANGE: Object = {"type": "Theirs", "status": "True", "reason": "as they like"}
"""Conditions of others: without a time, too long, or not to be read."""


def test_conditions_of_others_are_kept_as_they_are() -> None:
    there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19"))
    there.edit_status({"conditions": [STRANGE, THEIRS]})
    for ranges in ("10.70.0.19", "10.70.0.25"):
        span = [{"begin": "10.70.0.10", "end": ranges}]
        there.edit({"subnets": [{"cidr": "10.70.0.0/24", "ranges": span}]})
        assert isinstance(there.run_pool(), api.Done)
        assert there.ready()[:2] == ("True", "Applied")
        rows = (there.pool() or {})["status"]["conditions"]
        assert [row for row in rows if row["type"].startswith("Theirs")] == [THEIRS, STRANGE]
    before = there.writes, there.pool()
    there.run_pool()
    assert (there.writes, there.pool()) == before


def test_what_is_ours_is_recorded_before_it_is_written() -> None:
    there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19"))
    calls = [
        str(call) for call in testing.run_reconcile(there.plugin(), "ip-pools", "edge", there).calls
    ]
    status = next(i for i, call in enumerate(calls) if "patch aviippools/status" in call)
    write = next(i for i, call in enumerate(calls) if "PUT network" in call)
    assert status < write, calls
    stored = there.pool()
    assert stored is not None
    assert stored["status"]["ranges"] == [{"begin": "10.70.0.10", "end": "10.70.0.19"}]
    assert stored["status"]["networkUuid"] == there.net["uuid"]
    assert (stored["status"]["total"], stored["status"]["free"]) == (10, 10)
    assert set(marking.read(there.network)) == {OWNER}


class TestOthers:
    def test_theirs_stay_whatever_happens_to_ours(self) -> None:
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19"))
        there.put_ranges("10.70.0.100-10.70.0.110")
        there.open()
        there.run_pool()
        assert there.ranges == {"10.70.0.10-10.70.0.19", "10.70.0.100-10.70.0.110"}
        there.delete()
        there.run_pool()
        assert there.gone()
        assert there.ranges == {"10.70.0.100-10.70.0.110"}
        assert there.usable(), "it was usable before us"

    def test_overlap_with_theirs_is_refused_and_named(self) -> None:
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19"))
        there.put_ranges("10.70.0.15-10.70.0.30")
        before = there.writes
        there.run_pool()
        assert there.writes == before
        status, reason, message = there.ready()
        assert (status, reason) == ("False", "Overlap")
        assert "10.70.0.15-10.70.0.30" in message

    def test_two_pools_side_by_side(self) -> None:
        first = pool("edge", "10.70.0.10-10.70.0.19")
        there = PoolWorld(first, pool("second", "10.70.0.30-10.70.0.39"))
        for name in ("edge", "second", "edge"):
            there.run_pool(name)
            assert there.ready(name)[0] == "True"
        there.delete("edge")
        there.run_pool("edge")
        assert there.gone("edge")
        assert there.ranges == {"10.70.0.30-10.70.0.39"}
        assert there.usable(), "the other needs it"
        there.delete("second")
        there.run_pool("second")
        assert there.gone("second")
        assert not there.usable(), "what the first added, the second took over"
        assert not there.network.get("configured_subnets"), "so with the subnet"

    def test_of_two_that_overlap_the_older_wins(self) -> None:
        first = pool("edge", "10.70.0.10-10.70.0.19")
        there = PoolWorld(first, pool("second", "10.70.0.15-10.70.0.39"))
        there.run_pool("second")
        assert there.ready("second")[1] == "Overlap"
        assert "AviIPPool edge" in there.ready("second")[2]
        assert not there.network.get("configured_subnets")
        there.run_pool("edge")
        assert there.ready("edge")[0] == "True"
        there.run_pool("second")
        assert there.ranges == {"10.70.0.10-10.70.0.19"}
        there.delete("edge")
        there.run_pool("edge")
        there.run_pool("second")
        assert there.ranges == {"10.70.0.15-10.70.0.39"}
        assert there.ready("second")[0] == "True"


def test_what_was_inherited_by_one_that_was_refused_goes_with_it() -> None:
    there = PoolWorld(
        pool("edge", "10.70.0.10-10.70.0.19"), pool("second", "10.70.0.10-10.70.0.19")
    )
    there.run_pool("edge")
    there.run_pool("second")
    assert there.ready("second")[1] == "Overlap"
    there.delete("edge")
    there.run_pool("edge")
    assert there.gone("edge")
    assert there.ranges == {"10.70.0.10-10.70.0.19"}
    there.delete("second")
    there.run_pool("second")
    assert there.gone("second")
    assert not there.ranges


class TestMeanwhile:
    """Somebody writes between what was read and what is written."""

    def interfere(self, there: PoolWorld, monkeypatch: pytest.MonkeyPatch, *theirs: str) -> None:
        write = pool_network.Outside.write

        async def disturbed(outside: pool_network.Outside, inputs: Any) -> Any:
            if theirs[0] not in there.ranges:
                if there.network.get("configured_subnets"):
                    there.add_ranges(*theirs)
                else:
                    there.put_ranges(*theirs)
            return await write(outside, inputs)

        monkeypatch.setattr(pool_network.Outside, "write", disturbed)

    def test_an_overlap(self, monkeypatch: pytest.MonkeyPatch) -> None:
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19"))
        self.interfere(there, monkeypatch, "10.70.0.15-10.70.0.30")
        there.run_pool()
        assert there.ranges == {"10.70.0.15-10.70.0.30"}
        assert there.ready()[:2] == ("False", "Overlap")

    def test_no_overlap(self, monkeypatch: pytest.MonkeyPatch) -> None:
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19"))
        self.interfere(there, monkeypatch, "10.70.0.30-10.70.0.39")
        there.run_pool()
        assert there.ranges == {"10.70.0.10-10.70.0.19", "10.70.0.30-10.70.0.39"}
        there.delete()
        there.run_pool()
        assert there.gone()
        (subnet,) = there.network["configured_subnets"]
        assert there.ranges == {"10.70.0.30-10.70.0.39"}, subnet

    def test_while_it_leaves(self, monkeypatch: pytest.MonkeyPatch) -> None:
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19"))
        there.run_pool()
        self.interfere(there, monkeypatch, "10.70.0.30-10.70.0.39")
        there.delete()
        there.run_pool()
        assert there.gone()
        assert there.ranges == {"10.70.0.30-10.70.0.39"}

    def test_what_is_not_kept_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19"))
        write = pool_network.Outside.write

        async def lost(outside: pool_network.Outside, inputs: Any) -> Any:
            await write(outside, inputs)
            there.put_ranges()

        monkeypatch.setattr(pool_network.Outside, "write", lost)
        there.run_pool()
        assert there.ready()[:2] == ("False", "NotKept")


class TestLeaving:
    def test_it_waits_for_what_another_controller_holds_it_for(self) -> None:
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19"))
        there.run_pool()
        server = there.management.client()

        def hold(*others: str) -> None:
            metadata = {"finalizers": [ip_pool.FINALIZER, *others]}
            there.run(server.merge_patch(resources.AVI_IP_POOLS, "edge", {"metadata": metadata}))

        hold("akoo.io/of-another-plugin", "theirs.example/first")
        there.delete()
        answer = there.run_pool()
        assert (answer.reason, there.ready()[1]) == ("InUse", "InUse")
        assert "by 1 finalizer (akoo.io/of-another-plugin)" in answer.message
        assert there.ranges
        hold("theirs.example/first")
        there.run_pool()
        assert not there.ranges

    def test_it_waits_for_the_records_that_use_it(self) -> None:
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19"))
        there.run_pool()
        user = using("edge", there)
        there.management.seed(user)
        there.delete()
        answer = there.run_pool()
        assert (answer.reason, there.ready()[1]) == ("InUse", "InUse")
        assert user["metadata"]["name"] in answer.message
        assert there.ranges
        server = there.management.client()
        there.run(server.delete(kube_resource.AKO_DEPLOYMENTS, user["metadata"]["name"]))
        there.run_pool()
        assert there.gone()
        assert not there.ranges

    def test_a_usable_network_that_others_live_on_stays_until_they_go(self) -> None:
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19"))
        there.run_pool()
        there.add_ranges("10.70.0.100-10.70.0.110")
        vip = there.take("legacy-vip", "10.70.0.101")
        there.delete()
        answer = there.run_pool()
        assert answer.reason == "UsableNetworkInUse"
        assert "10.70.0.101 by legacy-vip" in answer.message
        assert there.ranges == {"10.70.0.100-10.70.0.110"}
        assert there.usable()
        there.give_back(vip)
        there.run_pool()
        assert there.gone()
        assert not there.usable()

    def test_a_user_may_let_it_go(self) -> None:
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19"))
        there.run_pool()
        there.edit({"annotations": {"akoo.io/let-go": "Avi is gone"}}, kind="metadata")
        there.clients = memory_controllers({})
        there.delete()
        there.run_pool()
        assert there.gone()

    def test_one_that_moved_touches_nothing(self) -> None:
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19"))
        there.run_pool()
        moved = {"annotations": {"clusterctl.cluster.x-k8s.io/delete-for-move": ""}}
        there.edit(moved, kind="metadata")
        there.delete()
        there.run_pool()
        assert there.gone()
        assert there.ranges

    def test_one_that_never_was_anywhere_goes_at_once(self) -> None:
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19", cloud="nowhere"))
        there.run_pool()
        assert there.ready()[1] == "CloudNotFound"
        there.clients = memory_controllers({})
        there.delete()
        there.run_pool()
        assert there.gone()

    def test_the_network_is_gone(self) -> None:
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19", usable=False))
        there.run_pool()
        there.admin.delete(f"network/{there.net['uuid']}")
        there.delete()
        there.run_pool()
        assert there.gone()

    def test_a_lost_status_is_made_up_by_the_marker(self) -> None:
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19", usable=False))
        there.run_pool()
        server = there.management.client()
        patch = {"status": None}
        there.run(server.merge_patch(resources.AVI_IP_POOLS, "edge", patch, subresource="status"))
        there.delete()
        there.run_pool()
        assert there.gone()
        assert not there.ranges


class TestDrift:
    @pytest.mark.parametrize("policy", ["Repair", "Report"])
    def test_what_somebody_took_away(self, policy: str) -> None:
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19", driftPolicy=policy))
        there.run_pool()
        there.put_ranges()
        there.run_pool()
        if policy == "Repair":
            assert there.ranges == {"10.70.0.10-10.70.0.19"}
            assert there.ready()[0] == "True"
            return
        assert not there.ranges
        assert there.ready()[1] == "Drifted"
        assert "10.70.0.10-10.70.0.19 (Both) is missing" in there.ready()[2]
        there.edit({"warnBelow": 3})
        there.run_pool()
        assert there.ready()[0] == "True", "an edit is a new word"

    def test_the_usable_network(self) -> None:
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19", driftPolicy="Report"))
        there.run_pool()
        profile = there.admin.get("ipamdnsproviderprofile?name=ipam")["results"][0]
        profile["internal_profile"] = {}
        there.admin.put(f"ipamdnsproviderprofile/{profile['uuid']}", profile)
        there.run_pool()
        assert there.ready()[1] == "Drifted"
        there.edit({"driftPolicy": "Repair"})
        there.run_pool()
        assert there.usable()


class TestAddresses:
    def test_running_low_is_told_before_it_is_an_outage(self) -> None:
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.12", warnBelow=3))
        there.run_pool()
        assert there.ready(kind="AddressesFree")[:2] == ("True", "AddressesLeft")
        for last, reason in (
            (10, "AddressesLow"),
            (11, "AddressesLow"),
            (12, "AddressesExhausted"),
        ):
            there.take(f"vip-{last}", f"10.70.0.{last}")
            there.run_pool()
            assert there.ready(kind="AddressesFree")[:2] == ("False", reason)
            assert there.ready()[0] == "True"
            left = 12 - last
            assert value("free") == left
            stored = there.pool()
            assert stored is not None
            assert stored["status"]["free"] == left
        assert (value("total"), value("allocated")) == (3, 3)

    def test_a_network_that_never_gave_an_address_has_no_runtime(self) -> None:
        """Some controllers answer 404 for its runtime until it gives the first one."""
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.12"), network_runtime="allocated")
        path = f"networkruntime/{there.net['uuid']}"
        assert there.admin.refused("GET", path)[0] == 404
        there.run_pool()
        assert there.ready()[:2] == ("True", "Applied")
        assert there.ready(kind="AddressesFree")[:2] == ("False", "AddressesLow")
        assert (value("total"), value("allocated")) == (3, 0)
        there.delete()
        there.run_pool()
        assert there.gone()
        assert not there.ranges

    def test_the_runtime_of_a_network_that_is_gone(self) -> None:
        there = PoolWorld()
        avi = MemoryAvi(there.avi, password=PASSWORD)
        network = pool_network.Outside(avi=avi, network_uuid="network-gone")
        with pytest.raises(client.NotFoundError):
            there.run(network.allocated())

    def test_the_metric_goes_with_the_pool(self) -> None:
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.12"))
        there.run_pool()
        assert value("total") == 3
        there.delete()
        there.run_pool()
        assert value("total") is None


def value(state: str, name: str = "edge") -> float | None:
    labels = {"pool": name, "state": state}
    return metrics.REGISTRY.get_sample_value("akoo_pool_addresses", labels)


class TestPlaces:
    def test_by_moref_where_networks_are_discovered(self) -> None:
        network = {"moref": "dvportgroup-7"}
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19", cloud="vc-02", network=network))
        ipam = there.admin.get("ipamdnsproviderprofile?name=ipam")["results"][0]
        body = {"name": "vc-02", "vtype": "CLOUD_VCENTER", "ipam_provider_ref": ipam["url"]}
        cloud = there.admin.post("cloud", body)
        groups = [
            discovery.PortGroup(moref=f"dvportgroup-{n}", name="vip", datacenter=f"dc-{n}")
            for n in (7, 8)
        ]
        there.avi.discover("vc-02", groups)
        there.net = there.admin.get(f"network/dvportgroup-7-{cloud['uuid']}")
        there.run_pool()
        assert there.ranges == {"10.70.0.10-10.70.0.19"}
        other = there.admin.get(f"network/dvportgroup-8-{cloud['uuid']}")
        assert not other.get("configured_subnets")
        there.delete()
        there.run_pool()
        assert there.gone()
        assert not there.ranges
        assert there.admin.get(f"network/dvportgroup-7-{cloud['uuid']}"), "it stays"

    @pytest.mark.parametrize(
        ("changes", "reason", "text"),
        [
            ({"cloud": "vc-1"}, "CloudNotFound", "vc-01"),
            ({"network": {"name": "vipp"}}, "NetworkNotFound", "nearest names: vip"),
            ({"network": {"moref": "dvportgroup-1"}}, "NetworkNotDiscovered", "dvportgroup-1"),
            ({"controller": "mian"}, "AviControllerNotFound", "nearest names: main"),
            ({"controller": None}, "InvalidPool", "AviController"),
            ({"subnets": [{"cidr": "x"}]}, "InvalidPool", "no CIDR"),
        ],
    )
    def test_mistakes_are_told(self, changes: Object, reason: str, text: str) -> None:
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19", **changes))
        before = there.writes
        there.run_pool()
        status, stated, message = there.ready()
        assert (status, stated) == ("False", reason)
        assert text in message
        assert there.writes == before

    def test_an_address_of_its_own(self) -> None:
        ref = {"namespace": "avi", "name": "account"}
        edge = pool(
            "edge", "10.70.0.10-10.70.0.19", controller=None, address=ADDRESS, credentialRef=ref
        )
        there = PoolWorld(edge)
        there.run_pool()
        assert there.ranges == {"10.70.0.10-10.70.0.19"}
        assert ip_pool.secrets_of(edge | {"metadata": {"name": "e", "uid": "u"}}) == (
            ("avi", "account"),
        )

    def test_another_controller_behind_the_address(self) -> None:
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19"))
        there.run_pool()
        # Simulated controllers are alike in this: what is recorded tells them apart.
        there.edit_status({"controllerUuid": "cluster-other"})
        there.run_pool()
        assert there.ready()[1] == "ControllerChanged"
        there.delete()
        there.run_pool()
        assert there.ready()[1] == "ControllerChanged"
        assert there.ranges

    def test_without_ipam_the_ranges_are_there_and_it_is_told(self) -> None:
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19"))
        cloud = there.admin.get(f"cloud/{there.cloud['uuid']}")
        there.admin.put(f"cloud/{cloud['uuid']}", {**cloud, "ipam_provider_ref": ""})
        there.run_pool()
        assert there.ranges
        assert there.ready()[1] == "IpamMissing"

    def test_not_usable_any_more(self) -> None:
        there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19"))
        there.run_pool()
        there.edit({"usable": False})
        there.run_pool()
        assert not there.usable()
        assert there.ready()[0] == "True"
        there.open()
        there.delete()
        there.run_pool()
        assert there.usable(), "that entry is somebody else's"


def test_a_controller_that_does_not_answer() -> None:
    there = PoolWorld(pool("edge", "10.70.0.10-10.70.0.19"))
    there.clients = memory_controllers({})
    answer = there.run_pool()
    assert isinstance(answer, api.Wait)
    assert there.ready()[1] == "ControllerUnreachable"


def test_the_page_tells_of_every_field_and_reason() -> None:
    page = (CRD.parents[2] / "docs/how-to/avi-ip-pools.md").read_text()
    for field in structs.fields(ip_pool.IpPoolSpec):
        assert f"`{field.key}" in page, field.key
    for reason in ("Overlap", "AddressesInUse", "InUse", "UsableNetworkInUse", "AddressesLow"):
        assert f"`{reason}`" in page


def test_the_crd_is_the_struct() -> None:
    (version,) = yaml.safe_load(CRD.read_text())["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]["properties"]
    parts = (
        (schema["spec"], ip_pool.IpPoolSpec),
        (schema["status"], ip_pool.IpPoolStatus),
        (schema["spec"]["properties"]["network"], ip_pool.NetworkName),
        (schema["spec"]["properties"]["subnets"]["items"], ip_pool.SubnetSpec),
        (
            schema["spec"]["properties"]["subnets"]["items"]["properties"]["ranges"]["items"],
            ip_pool.Range,
        ),
        (schema["status"]["properties"]["ranges"]["items"], ip_pool.Range),
        (schema["status"]["properties"]["subnets"]["items"], ip_pool.SubnetStatus),
        (schema["status"]["properties"]["conditions"]["items"], conditions.Condition),
    )
    for part, kind in parts:
        keys = {field.key: field.required for field in structs.fields(kind)}
        assert set(part["properties"]) == set(keys)
        assert set(part.get("required", ())) == {key for key, must in keys.items() if must}
    for key, default in (("usable", True), ("driftPolicy", "Repair"), ("warnBelow", 5)):
        assert schema["spec"]["properties"][key]["default"] == default
        assert (
            next(o for o in structs.fields(ip_pool.IpPoolSpec) if o.key == key).default == default
        )
