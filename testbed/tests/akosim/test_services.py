"""AKO with Services of type LoadBalancer, against a controller and a real API server."""

import json

from akoo_testbed.akosim.ako_bed import CLUSTER, PATIENCE_SECONDS, AkoBed
from akoo_testbed.avisim import faults


async def test_a_service_gets_an_address_and_loses_it(ako_bed: AkoBed) -> None:
    await ako_bed.install(defaultDomain="example.com")
    await ako_bed.service("web")
    name = f"{CLUSTER}--{ako_bed.home}-web"
    assert await ako_bed.address("web") == "10.9.0.10"
    assert set(await ako_bed.ask(ako_bed.marked)) == {
        f"virtualservice/{name}",
        f"vsvip/{name}",
        f"l4policyset/{name}",
        f"pool/{name}-TCP-80",
    }
    vs = await ako_bed.ask(lambda: ako_bed.named("virtualservice", name))
    assert vs["created_by"] == f"ako-{CLUSTER}"
    assert vs["cloud_config_cksum"]
    marks = {mark["key"]: mark["values"] for mark in vs["markers"]}
    assert marks == {
        "clustername": [CLUSTER],
        "Namespace": [ako_bed.home],
        "ServiceName": ["web"],
    }
    pool = await ako_bed.ask(lambda: ako_bed.named("pool", f"{name}-TCP-80"))
    service = await ako_bed.api.wait_for(
        "v1/Service",
        ako_bed.home,
        "web",
        lambda s: (s or {})["metadata"].get("annotations"),
        PATIENCE_SECONDS,
    )
    assert service is not None
    assert [s["port"] for s in pool["servers"]] == [service["spec"]["ports"][0]["nodePort"]]
    annotations = service["metadata"]["annotations"]
    mapping = json.loads(annotations["ako.vmware.com/host-fqdn-vs-uuid-map"])
    assert mapping == {f"web.{ako_bed.home}.example.com": vs["uuid"]}
    await ako_bed.api.delete("v1/Service", ako_bed.home, "web")
    await ako_bed.service("other")
    await ako_bed.address("other")
    assert f"virtualservice/{name}" not in await ako_bed.ask(ako_bed.marked)


async def test_a_full_sync_puts_back_what_went_and_changes_nothing_else(ako_bed: AkoBed) -> None:
    await ako_bed.switch(ako_full_sync_seconds="0.2")
    await ako_bed.install()
    await ako_bed.service("web")
    first = await ako_bed.address("web")
    name = f"{CLUSTER}--{ako_bed.home}-web"
    vip = await ako_bed.ask(lambda: ako_bed.named("vsvip", name))
    vs = await ako_bed.ask(lambda: ako_bed.named("virtualservice", name))
    await ako_bed.ask(lambda: ako_bed.admin.delete(f"virtualservice/{vs['uuid']}"))
    pool = await ako_bed.until(
        lambda: f"virtualservice/{name}" in ako_bed.marked(), "the virtual service"
    )
    assert pool
    new = await ako_bed.ask(lambda: ako_bed.named("virtualservice", name))
    assert new["uuid"] != vs["uuid"]
    assert vip["vs_refs"] == [vs["url"]]
    assert await ako_bed.ask(lambda: ako_bed.named("vsvip", name)) == vip | {
        "vs_refs": [new["url"]]
    }
    assert await ako_bed.address("web") == first


async def test_while_avi_is_silent_it_waits_and_then_goes_on(ako_bed: AkoBed) -> None:
    await ako_bed.switch(ako_full_sync_seconds="0.2")
    await ako_bed.install()
    await ako_bed.service("web")
    await ako_bed.address("web")
    silence = faults.Fault(drop=True, times=None)
    await ako_bed.ask(lambda: ako_bed.avi.controller.faults.add(silence))
    before = ako_bed.avi.controller.journal.last
    await ako_bed.service("late")
    await ako_bed.until(lambda: len(ako_bed.asked(before)) >= 3, "three tries")
    await ako_bed.ask(ako_bed.avi.controller.faults.clear)
    await ako_bed.address("late")
    assert len(await ako_bed.ask(lambda: ako_bed.asked(before))) < 200


async def test_services_with_one_key_share_a_vip(ako_bed: AkoBed) -> None:
    await ako_bed.install()
    key = {"ako.vmware.com/enable-shared-vip": "one"}
    for name, port in (("web", 80), ("dns", 53)):
        ports = [{"port": port, "protocol": "TCP" if name == "web" else "UDP"}]
        await ako_bed.service(name, annotations=key, ports=ports)
    assert await ako_bed.address("web") == await ako_bed.address("dns")
    vs = await ako_bed.ask(
        lambda: ako_bed.named("virtualservice", f"{CLUSTER}--{ako_bed.home}-one")
    )
    assert sorted(each["port"] for each in vs["services"]) == [53, 80]


async def test_an_address_that_is_asked_for(ako_bed: AkoBed) -> None:
    await ako_bed.install()
    await ako_bed.service("web", annotations={"ako.vmware.com/load-balancer-ip": "10.9.0.42"})
    assert await ako_bed.address("web") == "10.9.0.42"
