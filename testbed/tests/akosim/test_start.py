"""What AKO asks for at its start, what stops it, and how that looks from outside."""

import pytest
from akoo_testbed import certificates
from akoo_testbed.akosim import avi, boot, config, cutoff
from akoo_testbed.akosim.bench import (
    CLUSTER,
    NEVER_LOCKS,
    Bench,
    furnish,
    last_end,
    restarts,
)
from akoo_testbed.avisim import client, faults
from akoo_testbed.avisim import pytest as avisim_plugin

LOCKS_AFTER = 3
"""So many wrong passwords lock an account, by default for half an hour."""


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"controllerIP": ""}, 1, "no controllerIP"),
        ({"controllerIP": "127.0.0.1:1"}, 137, "no answer from Avi"),
        ({"cloudName": "Nowhere"}, 137, "cloud Nowhere"),
        ({"clusterName": "a.b"}, 0, "clusterName"),
    ],
)
async def test_what_stops_a_start(
    bench: Bench, changes: dict[str, str], code: int, message: str
) -> None:
    await bench.install(**changes)
    end = last_end(await bench.pod(last_end))
    assert end["exitCode"] == code
    assert message in end["message"]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"serviceEngineGroupName": "Nobody"}, boot.KilledError, "SE group Nobody"),
        ({"vrfName": "nowhere"}, boot.KilledError, "VRF nowhere"),
        ({"bgpPeerLabels": '["a"]'}, boot.KilledError, "enableRHI"),
        ({"nsxtT1LR": "/infra/tier-1s/t"}, boot.KilledError, "nsxtT1LR"),
        ({"vipNetworkList": "[]"}, boot.SyncDisabledError, "vipNetworkList"),
        ({"vipNetworkList": '[{"networkName": "x"}]'}, boot.SyncDisabledError, "network x is not"),
        ({"vipNetworkList": '[{"networkUUID": "x"}]'}, boot.SyncDisabledError, "network x is not"),
        ({"tenantName": "nobody"}, boot.SyncDisabledError, "tenant nobody"),
    ],
)
async def test_inputs_that_avi_knows_nothing_of(
    avisim: avisim_plugin.RunningAvi,
    changes: dict[str, str],
    error: type[Exception],
    message: str,
) -> None:
    admin = client.Client(avisim.controller, password=avisim.options.password)
    furnish(admin)
    networks = '[{"networkName": "vips"}]'
    data = {"clusterName": CLUSTER, "vipNetworkList": networks, "serviceType": "NodePort"}
    settings = config.parse(data | changes, "avi-system")
    access = avi.Access(
        controller=f"127.0.0.1:{avisim.server.port}",
        username="admin",
        password=avisim.options.password,
        ca_pem=avisim.server.ca_pem,
    )
    session = avi.Avi(access, settings.tenant)
    try:
        with pytest.raises(error, match=message):
            await boot.validate(session, settings)
    finally:
        await session.close()


async def test_a_controller_that_boots_is_waited_for_by_restarts(bench: Bench) -> None:
    down = faults.Fault(status=503, text="booting", path="/api/cluster/runtime", times=1)
    await bench.ask(lambda: bench.avi.controller.faults.add(down))
    await bench.install()
    assert "503" in last_end(await bench.pod(last_end))["message"]
    await bench.service("web")
    await bench.address("web")


async def test_a_foreign_label_on_the_se_group_stops_it(bench: Bench) -> None:
    group = await bench.ask(lambda: bench.named("serviceenginegroup", "Default-Group"))
    body = {"add": {"labels": [{"key": "clustername", "value": "other"}]}}
    await bench.ask(lambda: bench.admin.patch(f"serviceenginegroup/{group['uuid']}", body))
    await bench.install(serviceType="ClusterIP")
    end = last_end(await bench.pod(last_end))
    assert "labels do not match with cluster name" in end["message"]


async def test_reasons_are_events_on_the_pod(bench: Bench) -> None:
    await bench.install(clusterName="a.b")
    await bench.pod(last_end)
    events = await bench.api.list("v1/Event", bench.home, fields="reason=SyncDisabled")
    assert "clusterName" in events[0]["message"]


async def test_a_wrong_password_is_a_restart_loop_until_it_is_right(bench: Bench) -> None:
    await bench.new_user("ako", locks=False)
    await bench.switch(ako_faults="wrong-password")
    await bench.install()
    end = last_end(await bench.pod(lambda pod: restarts(pod) > LOCKS_AFTER))
    assert end["exitCode"] == 137
    assert "Invalid credentials" in end["message"]
    assert bench.user[1] not in str(await bench.api.list("v1/Pod", bench.home))
    await bench.switch(ako_faults="")
    await bench.service("web")
    await bench.address("web")


async def test_a_wrong_password_locks_the_account_for_the_right_one_too(bench: Bench) -> None:
    user = await bench.new_user("ako")
    await bench.switch(ako_faults="wrong-password")
    await bench.install()
    await bench.pod(lambda pod: restarts(pod) >= LOCKS_AFTER)
    await bench.switch(ako_faults="")
    right = bench.admin.as_user(*bench.user)
    assert (await bench.ask(right.login)).status == 401
    unlocked = {"replace": {"user_profile_ref": NEVER_LOCKS}}
    await bench.ask(lambda: bench.admin.patch(f"user/{user}", unlocked))
    await bench.service("web")
    await bench.address("web")


async def test_another_secret_restarts_it(bench: Bench) -> None:
    await bench.install()
    await bench.service("web")
    await bench.address("web")
    await bench.api.patch("v1/Secret", bench.home, "avi-secret", {"data": {"more": "eA=="}})
    end = last_end(await bench.pod(last_end))
    assert end["exitCode"] == 137
    assert "has changed" in end["message"]


async def test_a_restart_converges_and_takes_stale_objects_away(bench: Bench) -> None:
    await bench.install()
    await bench.service("web")
    await bench.address("web")
    body = {"name": f"{CLUSTER}--stale", "created_by": f"ako-{CLUSTER}"}
    await bench.ask(lambda: bench.admin.post("pool", body))
    before = await bench.ask(bench.marked)
    await bench.api.delete("v1/Pod", bench.home, "ako-0", grace_seconds=0)
    stale = body["name"]
    await bench.until(lambda: stale not in bench.admin.names("pool"), "the stale pool to go")
    assert await bench.ask(bench.marked) == before
    assert not await bench.ask(lambda: bench.asked(method="PUT", kind="virtualservice"))


async def test_a_restart_storm(bench: Bench) -> None:
    await bench.switch(ako_faults="restart-storm")
    await bench.install()
    await bench.pod(lambda pod: restarts(pod) >= 3)


async def test_its_pod_gone_nothing_is_written_any_more(bench: Bench) -> None:
    await bench.switch(ako_full_sync_seconds="0.2")
    await bench.install()
    await bench.service("web")
    await bench.address("web")
    await bench.kubelet.lose_node("n1")
    before = bench.avi.controller.journal.last
    await _sweep(bench)
    await bench.service("late")
    assert await bench.ask(lambda: bench.asked(before, method="POST")) == []


async def test_cut_off_it_goes_on_until_its_user_is_refused(bench: Bench) -> None:
    user = await bench.new_user("ako")
    await bench.switch(ako_full_sync_seconds="0.2")
    await bench.install()
    await bench.service("web")
    await bench.address("web")
    await bench.switch(ako_faults="cut-off", ako_cut_off_seconds="30")
    await bench.kubelet.lose_node("n1")
    await _sweep(bench)
    await bench.until(lambda: bench.marked("virtualservice"), "what was swept, made anew")
    await bench.ask(lambda: bench.admin.delete(f"user/{user}"))
    before = bench.avi.controller.journal.last
    await bench.until(lambda: bench.asked(before, path="/login"), "a login")
    await bench.until(lambda: cutoff.count() == 0, "its end")
    await _sweep(bench)
    assert await bench.ask(bench.marked) == []


async def test_cut_off_it_does_not_hear_delete_config(bench: Bench) -> None:
    await bench.switch(ako_full_sync_seconds="0.2")
    await bench.install()
    await bench.service("web")
    await bench.address("web")
    await bench.switch(ako_faults="cut-off")
    await bench.delete_config("true")
    before = bench.avi.controller.journal.last
    await bench.until(lambda: bench.asked(before, kind="pool"), "a full sync")
    assert await bench.ask(bench.marked)
    await bench.answer(None)


async def test_delete_config_ignored(bench: Bench) -> None:
    await bench.switch(ako_faults="ignores-delete-config", ako_full_sync_seconds="0.2")
    await bench.install()
    await bench.service("web")
    await bench.address("web")
    await bench.delete_config("true")
    await bench.service("late")
    await bench.address("late")
    before = bench.avi.controller.journal.last
    await bench.until(lambda: bench.asked(before, kind="pool"), "a full sync")
    assert not await bench.ask(lambda: bench.asked(method="DELETE"))
    await bench.answer(None)


async def _sweep(bench: Bench) -> None:
    """Delete all from outside, in an order that Avi takes."""

    def work() -> None:
        for kind in ("virtualservice", "vsvip", "l4policyset", "pool"):
            for name in bench.marked(kind):
                uuid = bench.named(kind, name.partition("/")[2])["uuid"]
                bench.admin.delete(f"{kind}/{uuid}")

    await bench.ask(work)


async def test_another_leader_of_avi_restarts_it(bench: Bench) -> None:
    await bench.switch(ako_full_sync_seconds="0.2")
    await bench.install()
    await bench.service("web")
    await bench.address("web")
    await bench.ask(bench.avi.controller.change_leader)
    assert "another leader" in last_end(await bench.pod(last_end))["message"]


async def test_a_token_logs_in_and_without_a_ca_nothing_is_verified(bench: Bench) -> None:
    token = await bench.ask(lambda: bench.admin.post("user-token", {"hours": "240"}))
    bench.secret = {"password": "", "authtoken": token["token"], "certificateAuthorityData": ""}
    await bench.install()
    await bench.service("web")
    await bench.address("web")


async def test_a_wrong_ca_is_no_answer(bench: Bench) -> None:
    bench.secret = {"certificateAuthorityData": certificates.Authority().pem}
    await bench.install()
    assert "no answer from Avi" in last_end(await bench.pod(last_end))["message"]
