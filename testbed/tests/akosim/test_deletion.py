"""deleteConfig against a controller and a real API server."""

import functools

import pytest
from akoo_testbed.akosim.bench import CLUSTER, Bench, last_end
from akoo_testbed.avisim import faults

CLUSTER_IP = {"serviceType": "ClusterIP", "cniPlugin": "antrea"}
READ_ONLY = ("ipam_provider_ref", "_last_modified")


async def test_a_flip_deletes_everything_and_a_flip_back_makes_it_anew(bench: Bench) -> None:
    await bench.install()
    await bench.service("web")
    await bench.address("web")
    await bench.delete_config("true")
    await bench.answer("Done")
    assert await bench.ask(bench.marked) == []
    await bench.no_address("web")
    await bench.delete_config("false")
    await bench.answer(None)
    assert await bench.address("web") == "10.9.0.10"


async def test_a_cluster_without_anything_says_done_and_then_timeout(bench: Bench) -> None:
    await bench.switch(ako_timeout_seconds="0.5")
    await bench.install()
    await bench.until(lambda: bench.asked(kind="virtualservice"), "AKO's look at what is there")
    await bench.delete_config("true")
    await bench.answer("Done")
    await bench.answer("Timeout")


async def test_with_an_invalid_input_a_flip_does_nothing(bench: Bench) -> None:
    await bench.install()
    await bench.service("web")
    await bench.address("web")
    cloud = await bench.ask(lambda: bench.named("cloud", "Default-Cloud"))
    without = {key: value for key, value in cloud.items() if key not in READ_ONLY}
    await bench.ask(lambda: bench.admin.put(f"cloud/{cloud['uuid']}", without))
    before = bench.avi.controller.journal.last
    await bench.delete_config("true")
    await bench.until(lambda: bench.asked(before, kind="cloud", method="GET"), "its second check")
    await bench.service("late")
    with_ipam = without | {"ipam_provider_ref": cloud["ipam_provider_ref"]}
    await bench.ask(lambda: bench.admin.put(f"cloud/{cloud['uuid']}", with_ipam))
    await bench.delete_config("false")
    await bench.address("late")
    assert not await bench.ask(lambda: bench.asked(before, method="DELETE"))
    await bench.answer(None)


async def test_who_dies_in_the_middle_says_done_and_leaves_routes_and_label(bench: Bench) -> None:
    await bench.switch(ako_faults="dies-mid-deletion")
    await bench.give_pods_a_network()
    await bench.install(**CLUSTER_IP)
    await bench.service("web")
    await bench.service("shop")
    await bench.address("web")
    await bench.address("shop")
    await bench.until(bench.routes, "routes")
    await bench.delete_config("true")
    await bench.answer("Done")
    assert "deletion" in last_end(await bench.pod(last_end))["message"]
    assert await bench.ask(bench.marked) == []
    assert len(await bench.ask(bench.routes)) == 1
    assert await bench.ask(bench.labels) == [{"key": "clustername", "value": CLUSTER}]


async def test_with_cluster_ip_routes_go_and_the_label_last(bench: Bench) -> None:
    await bench.give_pods_a_network()
    await bench.install(**CLUSTER_IP)
    (route,) = await bench.until(bench.routes, "routes")
    assert route["route_id"].startswith(f"{CLUSTER}-")
    assert route["prefix"] == {"ip_addr": {"addr": "10.244.0.0", "type": "V4"}, "mask": 24}
    assert route["labels"] == await bench.ask(bench.labels)
    await bench.delete_config("true")
    await bench.answer("Done")
    await bench.until(lambda: not bench.labels(), "the label to go")
    assert await bench.ask(bench.routes) == []


@pytest.mark.parametrize(
    ("switch", "value", "answer", "left"),
    [
        ("ako_faults", "leaves-things", "Done", {"vsvip", "pool"}),
        ("ako_answer", "timeout", "Timeout", {"vsvip", "pool", "l4policyset", "virtualservice"}),
    ],
)
async def test_answers_that_are_not_true(
    bench: Bench, switch: str, value: str, answer: str, left: set[str]
) -> None:
    await bench.switch(**{switch: value})
    await bench.install()
    await bench.service("web")
    await bench.address("web")
    await bench.delete_config("true")
    await bench.answer(answer)
    assert {each.partition("/")[0] for each in await bench.ask(bench.marked)} == left


async def test_refused_pools_stay_and_it_says_done(bench: Bench) -> None:
    await bench.install()
    await bench.service("web")
    await bench.address("web")
    pool = f"{CLUSTER}--{bench.home}-web-TCP-80"
    member = {"pool_ref": f"/api/pool/?name={pool}"}
    foreign = {"name": "foreign", "members": [member]}
    await bench.ask(lambda: bench.admin.post("poolgroup", foreign))
    await bench.delete_config("true")
    await bench.answer("Done")
    assert await bench.ask(bench.marked) == [f"pool/{pool}"]


async def test_a_refused_virtual_service_is_a_timeout(bench: Bench) -> None:
    await bench.switch(ako_timeout_seconds="0.5")
    await bench.install()
    await bench.service("web")
    await bench.address("web")
    refusal = faults.Fault(
        status=400, text="Not today", method="DELETE", kind="virtualservice", times=None
    )
    await bench.ask(lambda: bench.avi.controller.faults.add(refusal))
    await bench.delete_config("true")
    await bench.answer("Timeout")
    assert await bench.ask(lambda: bench.marked("virtualservice"))


async def test_an_upgrade_of_avi_is_waited_for(bench: Bench) -> None:
    await bench.switch(ako_timeout_seconds="30")
    await bench.install()
    await bench.service("web")
    await bench.address("web")
    await bench.ask(lambda: bench.avi.controller.set_upgrading(running=True))
    await bench.delete_config("true")
    await bench.until(lambda: bench.asked(method="DELETE"), "its first try")
    assert await bench.ask(bench.marked)
    await bench.ask(lambda: bench.avi.controller.set_upgrading(running=False))
    await bench.answer("Done")
    assert await bench.ask(bench.marked) == []


async def test_vips_of_a_cluster_whose_name_ends_alike_survive_by_their_references(
    bench: Bench,
) -> None:
    """AKO looks for its VIPs by a part of their names, and would delete others' as stale."""
    other = f"dev-{CLUSTER}--web"
    await bench.ask(lambda: bench.admin.post("vsvip", {"name": other}))
    used = {"name": other, "vsvip_ref": f"/api/vsvip/?name={other}", "services": [{"port": 80}]}
    await bench.ask(lambda: bench.admin.post("virtualservice", used))
    loose = f"dev-{CLUSTER}--loose"
    await bench.ask(lambda: bench.admin.post("vsvip", {"name": loose}))
    await bench.install()
    await bench.service("web")
    await bench.address("web")
    left = await bench.ask(lambda: bench.admin.names("vsvip"))
    assert other in left
    assert loose not in left


async def test_a_start_with_delete_config_and_nothing_there_is_a_timeout(bench: Bench) -> None:
    await bench.switch(ako_timeout_seconds="0.3")
    await bench.install(deleteConfig="true")
    await bench.answer("Timeout")


async def test_a_report_of_an_earlier_round_goes_at_a_start(bench: Bench) -> None:
    await bench.install()
    await bench.service("web")
    await bench.address("web")
    await bench.delete_config("true")
    await bench.answer("Done")
    await bench.api.delete("v1/ConfigMap", bench.home, "avi-k8s-config")
    assert "was deleted" in last_end(await bench.pod(last_end))["message"]
    await bench.create("v1", "ConfigMap", "avi-k8s-config", data=bench.data)
    await bench.answer(None)
    await bench.address("web")


async def test_who_writes_at_the_same_time_does_not_keep_routes_and_label(bench: Bench) -> None:
    await bench.give_pods_a_network()
    await bench.install(**CLUSTER_IP)
    await bench.until(bench.routes, "routes")
    for kind in ("vrfcontext", "serviceenginegroup"):
        stale = faults.Fault(status=412, text="Concurrent Update Error", method="PUT", kind=kind)
        await bench.ask(functools.partial(bench.avi.controller.faults.add, stale))
    await bench.delete_config("true")
    await bench.answer("Done")
    await bench.until(lambda: not bench.labels(), "the label to go")
    assert await bench.ask(bench.routes) == []
