"""AKO with Services of type LoadBalancer, against a controller and a real API server."""

import json

from akoo_testbed.akosim.bench import CLUSTER, PATIENCE_SECONDS, Bench
from akoo_testbed.avisim import faults


async def test_a_service_gets_an_address_and_loses_it(bench: Bench) -> None:
    await bench.install(defaultDomain="example.com")
    await bench.service("web")
    name = f"{CLUSTER}--{bench.home}-web"
    assert await bench.address("web") == "10.9.0.10"
    assert set(await bench.ask(bench.marked)) == {
        f"virtualservice/{name}",
        f"vsvip/{name}",
        f"l4policyset/{name}",
        f"pool/{name}-TCP-80",
    }
    vs = await bench.ask(lambda: bench.named("virtualservice", name))
    assert vs["created_by"] == f"ako-{CLUSTER}"
    assert vs["cloud_config_cksum"]
    marks = {mark["key"]: mark["values"] for mark in vs["markers"]}
    assert marks == {
        "clustername": [CLUSTER],
        "Namespace": [bench.home],
        "ServiceName": ["web"],
    }
    pool = await bench.ask(lambda: bench.named("pool", f"{name}-TCP-80"))
    service = await bench.api.wait_for(
        "v1/Service",
        bench.home,
        "web",
        lambda s: (s or {})["metadata"].get("annotations"),
        PATIENCE_SECONDS,
    )
    assert service is not None
    assert [s["port"] for s in pool["servers"]] == [service["spec"]["ports"][0]["nodePort"]]
    annotations = service["metadata"]["annotations"]
    mapping = json.loads(annotations["ako.vmware.com/host-fqdn-vs-uuid-map"])
    assert mapping == {f"web.{bench.home}.example.com": vs["uuid"]}
    await bench.api.delete("v1/Service", bench.home, "web")
    await bench.service("other")
    await bench.address("other")
    assert f"virtualservice/{name}" not in await bench.ask(bench.marked)


async def test_a_full_sync_puts_back_what_went_and_changes_nothing_else(bench: Bench) -> None:
    await bench.switch(ako_full_sync_seconds="0.2")
    await bench.install()
    await bench.service("web")
    first = await bench.address("web")
    name = f"{CLUSTER}--{bench.home}-web"
    vip = await bench.ask(lambda: bench.named("vsvip", name))
    vs = await bench.ask(lambda: bench.named("virtualservice", name))
    await bench.ask(lambda: bench.admin.delete(f"virtualservice/{vs['uuid']}"))
    found = await bench.until(
        lambda: f"virtualservice/{name}" in bench.marked(), "the virtual service"
    )
    assert found
    new = await bench.ask(lambda: bench.named("virtualservice", name))
    assert new["uuid"] != vs["uuid"]
    assert vip["vs_refs"] == [vs["url"]]
    assert await bench.ask(lambda: bench.named("vsvip", name)) == vip | {"vs_refs": [new["url"]]}
    assert await bench.address("web") == first


async def test_while_avi_is_silent_it_waits_and_then_goes_on(bench: Bench) -> None:
    await bench.switch(ako_full_sync_seconds="0.2")
    await bench.install()
    await bench.service("web")
    await bench.address("web")
    silence = faults.Fault(drop=True, times=None)
    await bench.ask(lambda: bench.avi.controller.faults.add(silence))
    before = bench.avi.controller.journal.last
    await bench.service("late")
    await bench.until(lambda: len(bench.asked(before)) >= 3, "three tries")
    await bench.ask(bench.avi.controller.faults.clear)
    await bench.address("late")
    assert len(await bench.ask(lambda: bench.asked(before))) < 200


async def test_services_with_one_key_share_a_vip(bench: Bench) -> None:
    await bench.install()
    key = {"ako.vmware.com/enable-shared-vip": "one"}
    for name, port in (("web", 80), ("dns", 53)):
        ports = [{"port": port, "protocol": "TCP" if name == "web" else "UDP"}]
        await bench.service(name, annotations=key, ports=ports)
    assert await bench.address("web") == await bench.address("dns")
    vs = await bench.ask(lambda: bench.named("virtualservice", f"{CLUSTER}--{bench.home}-one"))
    assert sorted(each["port"] for each in vs["services"]) == [53, 80]


async def test_an_address_that_is_asked_for(bench: Bench) -> None:
    await bench.install()
    await bench.service("web", annotations={"ako.vmware.com/load-balancer-ip": "10.9.0.42"})
    assert await bench.address("web") == "10.9.0.42"
