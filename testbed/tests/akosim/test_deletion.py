"""deleteConfig against a controller and a real API server."""

import functools

import pytest
from akoo_testbed.akosim.ako_bed import CLUSTER, AkoBed, last_end
from akoo_testbed.avisim import faults

CLUSTER_IP = {"serviceType": "ClusterIP", "cniPlugin": "antrea"}
READ_ONLY = ("ipam_provider_ref", "_last_modified")


async def test_a_flip_deletes_everything_and_a_flip_back_makes_it_anew(ako_bed: AkoBed) -> None:
    await ako_bed.install()
    await ako_bed.service("web")
    await ako_bed.address("web")
    await ako_bed.delete_config("true")
    await ako_bed.answer("Done")
    assert await ako_bed.ask(ako_bed.marked) == []
    await ako_bed.no_address("web")
    await ako_bed.delete_config("false")
    await ako_bed.answer(None)
    assert await ako_bed.address("web") == "10.9.0.10"


async def test_a_cluster_without_anything_says_done_and_then_timeout(ako_bed: AkoBed) -> None:
    await ako_bed.switch(ako_timeout_seconds="0.5")
    await ako_bed.install()
    await ako_bed.until(lambda: ako_bed.asked(kind="virtualservice"), "AKO's look at what is there")
    await ako_bed.delete_config("true")
    await ako_bed.answer("Done")
    await ako_bed.answer("Timeout")


async def test_with_an_invalid_input_a_flip_does_nothing(ako_bed: AkoBed) -> None:
    await ako_bed.install()
    await ako_bed.service("web")
    await ako_bed.address("web")
    cloud = await ako_bed.ask(lambda: ako_bed.named("cloud", "Default-Cloud"))
    without = {key: value for key, value in cloud.items() if key not in READ_ONLY}
    await ako_bed.ask(lambda: ako_bed.admin.put(f"cloud/{cloud['uuid']}", without))
    before = ako_bed.avi.controller.journal.last
    await ako_bed.delete_config("true")
    await ako_bed.until(
        lambda: ako_bed.asked(before, kind="cloud", method="GET"), "its second check"
    )
    await ako_bed.service("late")
    with_ipam = without | {"ipam_provider_ref": cloud["ipam_provider_ref"]}
    await ako_bed.ask(lambda: ako_bed.admin.put(f"cloud/{cloud['uuid']}", with_ipam))
    await ako_bed.delete_config("false")
    await ako_bed.address("late")
    assert not await ako_bed.ask(lambda: ako_bed.asked(before, method="DELETE"))
    await ako_bed.answer(None)


async def test_who_dies_in_the_middle_says_done_and_leaves_routes_and_label(
    ako_bed: AkoBed,
) -> None:
    await ako_bed.switch(ako_faults="dies-mid-deletion")
    await ako_bed.give_pods_a_network()
    await ako_bed.install(**CLUSTER_IP)
    await ako_bed.service("web")
    await ako_bed.service("shop")
    await ako_bed.address("web")
    await ako_bed.address("shop")
    await ako_bed.until(ako_bed.routes, "routes")
    await ako_bed.delete_config("true")
    await ako_bed.answer("Done")
    assert "deletion" in last_end(await ako_bed.pod(last_end))["message"]
    assert await ako_bed.ask(ako_bed.marked) == []
    assert len(await ako_bed.ask(ako_bed.routes)) == 1
    assert await ako_bed.ask(ako_bed.labels) == [{"key": "clustername", "value": CLUSTER}]


async def test_with_cluster_ip_routes_go_and_the_label_last(ako_bed: AkoBed) -> None:
    await ako_bed.give_pods_a_network()
    await ako_bed.install(**CLUSTER_IP)
    (route,) = await ako_bed.until(ako_bed.routes, "routes")
    assert route["route_id"].startswith(f"{CLUSTER}-")
    assert route["prefix"] == {"ip_addr": {"addr": "10.244.0.0", "type": "V4"}, "mask": 24}
    assert route["labels"] == await ako_bed.ask(ako_bed.labels)
    await ako_bed.delete_config("true")
    await ako_bed.answer("Done")
    await ako_bed.until(lambda: not ako_bed.labels(), "the label to go")
    assert await ako_bed.ask(ako_bed.routes) == []


@pytest.mark.parametrize(
    ("switch", "value", "answer", "left"),
    [
        ("ako_faults", "leaves-things", "Done", {"vsvip", "pool"}),
        ("ako_answer", "timeout", "Timeout", {"vsvip", "pool", "l4policyset", "virtualservice"}),
    ],
)
async def test_answers_that_are_not_true(
    ako_bed: AkoBed, switch: str, value: str, answer: str, left: set[str]
) -> None:
    await ako_bed.switch(**{switch: value})
    await ako_bed.install()
    await ako_bed.service("web")
    await ako_bed.address("web")
    await ako_bed.delete_config("true")
    await ako_bed.answer(answer)
    assert {each.partition("/")[0] for each in await ako_bed.ask(ako_bed.marked)} == left


async def test_refused_pools_stay_and_it_says_done(ako_bed: AkoBed) -> None:
    await ako_bed.install()
    await ako_bed.service("web")
    await ako_bed.address("web")
    pool = f"{CLUSTER}--{ako_bed.home}-web-TCP-80"
    member = {"pool_ref": f"/api/pool/?name={pool}"}
    foreign = {"name": "foreign", "members": [member]}
    await ako_bed.ask(lambda: ako_bed.admin.post("poolgroup", foreign))
    await ako_bed.delete_config("true")
    await ako_bed.answer("Done")
    assert await ako_bed.ask(ako_bed.marked) == [f"pool/{pool}"]


async def test_a_refused_virtual_service_is_a_timeout(ako_bed: AkoBed) -> None:
    await ako_bed.switch(ako_timeout_seconds="0.5")
    await ako_bed.install()
    await ako_bed.service("web")
    await ako_bed.address("web")
    refusal = faults.Fault(
        status=400, text="Not today", method="DELETE", kind="virtualservice", times=None
    )
    await ako_bed.ask(lambda: ako_bed.avi.controller.faults.add(refusal))
    await ako_bed.delete_config("true")
    await ako_bed.answer("Timeout")
    assert await ako_bed.ask(lambda: ako_bed.marked("virtualservice"))


async def test_an_upgrade_of_avi_is_waited_for(ako_bed: AkoBed) -> None:
    await ako_bed.switch(ako_timeout_seconds="30")
    await ako_bed.install()
    await ako_bed.service("web")
    await ako_bed.address("web")
    await ako_bed.ask(lambda: ako_bed.avi.controller.set_upgrading(running=True))
    await ako_bed.delete_config("true")
    await ako_bed.until(lambda: ako_bed.asked(method="DELETE"), "its first try")
    assert await ako_bed.ask(ako_bed.marked)
    await ako_bed.ask(lambda: ako_bed.avi.controller.set_upgrading(running=False))
    await ako_bed.answer("Done")
    assert await ako_bed.ask(ako_bed.marked) == []


async def test_vips_of_a_cluster_whose_name_ends_alike_survive_by_their_references(
    ako_bed: AkoBed,
) -> None:
    """AKO looks for its VIPs by a part of their names, and would delete others' as stale."""
    other = f"dev-{CLUSTER}--web"
    await ako_bed.ask(lambda: ako_bed.admin.post("vsvip", {"name": other}))
    used = {"name": other, "vsvip_ref": f"/api/vsvip/?name={other}", "services": [{"port": 80}]}
    await ako_bed.ask(lambda: ako_bed.admin.post("virtualservice", used))
    loose = f"dev-{CLUSTER}--loose"
    await ako_bed.ask(lambda: ako_bed.admin.post("vsvip", {"name": loose}))
    await ako_bed.install()
    await ako_bed.service("web")
    await ako_bed.address("web")
    left = await ako_bed.ask(lambda: ako_bed.admin.names("vsvip"))
    assert other in left
    assert loose not in left


async def test_a_start_with_delete_config_and_nothing_there_is_a_timeout(ako_bed: AkoBed) -> None:
    await ako_bed.switch(ako_timeout_seconds="0.3")
    await ako_bed.install(deleteConfig="true")
    await ako_bed.answer("Timeout")


async def test_a_report_of_an_earlier_round_goes_at_a_start(ako_bed: AkoBed) -> None:
    await ako_bed.install()
    await ako_bed.service("web")
    await ako_bed.address("web")
    await ako_bed.delete_config("true")
    await ako_bed.answer("Done")
    await ako_bed.api.delete("v1/ConfigMap", ako_bed.home, "avi-k8s-config")
    assert "was deleted" in last_end(await ako_bed.pod(last_end))["message"]
    await ako_bed.create("v1", "ConfigMap", "avi-k8s-config", data=ako_bed.data)
    await ako_bed.answer(None)
    await ako_bed.address("web")


async def test_who_writes_at_the_same_time_does_not_keep_routes_and_label(ako_bed: AkoBed) -> None:
    await ako_bed.give_pods_a_network()
    await ako_bed.install(**CLUSTER_IP)
    await ako_bed.until(ako_bed.routes, "routes")
    for kind in ("vrfcontext", "serviceenginegroup"):
        stale = faults.Fault(status=412, text="Concurrent Update Error", method="PUT", kind=kind)
        await ako_bed.ask(functools.partial(ako_bed.avi.controller.faults.add, stale))
    await ako_bed.delete_config("true")
    await ako_bed.answer("Done")
    await ako_bed.until(lambda: not ako_bed.labels(), "the label to go")
    assert await ako_bed.ask(ako_bed.routes) == []
