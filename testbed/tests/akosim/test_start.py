"""Requests of AKO at its start, the answers that stop it, and its looks from outside."""

import asyncio
import gc
import warnings

import pytest
from akoo_testbed import waiting
from akoo_testbed.akosim import avi, boot, config, counts, cutoff
from akoo_testbed.akosim.ako_bed import (
    CLUSTER,
    NEVER_LOCKS,
    AkoBed,
    furnish,
    last_end,
    restarts,
)
from akoo_testbed.avisim import client, faults
from akoo_testbed.avisim import pytest as avisim_plugin
from akoo_testbed.trust import certificates


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
    ako_bed: AkoBed, changes: dict[str, str], code: int, message: str
) -> None:
    await ako_bed.install(**changes)
    end = last_end(await ako_bed.pod(last_end))
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


async def test_a_controller_that_boots_is_waited_for_by_restarts(ako_bed: AkoBed) -> None:
    down = faults.Fault(status=503, text="booting", path="/api/cluster/runtime", times=1)
    await ako_bed.ask(lambda: ako_bed.avi.controller.faults.add(down))
    await ako_bed.install()
    assert "503" in last_end(await ako_bed.pod(last_end))["message"]
    await ako_bed.service("web")
    await ako_bed.address("web")


async def test_a_foreign_label_on_the_se_group_stops_it(ako_bed: AkoBed) -> None:
    group = await ako_bed.ask(lambda: ako_bed.named("serviceenginegroup", "Default-Group"))
    body = {"add": {"labels": [{"key": "clustername", "value": "other"}]}}
    await ako_bed.ask(lambda: ako_bed.admin.patch(f"serviceenginegroup/{group['uuid']}", body))
    await ako_bed.install(serviceType="ClusterIP")
    end = last_end(await ako_bed.pod(last_end))
    assert "labels do not match with cluster name" in end["message"]


async def test_reasons_are_events_on_the_pod(ako_bed: AkoBed) -> None:
    await ako_bed.install(clusterName="a.b")
    await ako_bed.pod(last_end)
    events = await ako_bed.api.list("v1/Event", ako_bed.home, fields="reason=SyncDisabled")
    assert "clusterName" in events[0]["message"]


async def test_a_wrong_password_is_a_restart_loop_until_it_is_right(ako_bed: AkoBed) -> None:
    await ako_bed.new_user("ako", locks=False)
    await ako_bed.switch(ako_faults="wrong-password")
    before = counts.of(CLUSTER)
    await ako_bed.install()
    end = last_end(await ako_bed.pod(lambda pod: restarts(pod) > 1))
    met = counts.of(CLUSTER).since(before)
    assert met.starts > 1
    assert met.logins == 0
    assert met.refused >= 2 * avi.START_SESSIONS
    assert end["exitCode"] == 137
    assert "Invalid credentials" in end["message"]
    assert ako_bed.user[1] not in str(await ako_bed.api.list("v1/Pod", ako_bed.home))
    await ako_bed.switch(ako_faults="")
    await ako_bed.service("web")
    await ako_bed.address("web")


async def test_a_start_is_nine_logins_side_by_side(ako_bed: AkoBed) -> None:
    await ako_bed.new_user("ako")
    slow = faults.Fault(path="/login", user="ako", hold_seconds=60, times=9)
    fault = await ako_bed.ask(lambda: ako_bed.avi.controller.faults.add(slow))
    before = counts.of(CLUSTER)
    await ako_bed.install()
    await ako_bed.until(
        lambda: ako_bed.avi.controller.faults.met(fault) == avi.START_SESSIONS,
        "nine requests before the first answer",
    )
    assert counts.of(CLUSTER).since(before) == counts.Counts(starts=1)
    await ako_bed.ask(ako_bed.avi.controller.faults.clear)
    await ako_bed.service("web")
    await ako_bed.address("web")
    assert counts.of(CLUSTER).since(before) == counts.Counts(starts=1, logins=9)
    logins = await ako_bed.ask(lambda: ako_bed.asked(path="/login"))
    own = [entry for entry in logins if "ako" in entry]
    assert len(own) == avi.START_SESSIONS
    activity = await ako_bed.ask(lambda: ako_bed.admin.get("useractivity?name=ako")["results"][0])
    assert activity["concurrent_sessions"] == avi.START_SESSIONS


async def test_a_lost_session_is_one_login(
    avisim: avisim_plugin.RunningAvi, session: avi.Avi
) -> None:
    await session.start()
    avisim.controller.lose_sessions()
    await session.call("GET", "cluster")
    assert len(avisim.controller.state.accounts.sessions) == 1


async def test_a_start_that_is_killed_leaves_no_connection_open(
    avisim: avisim_plugin.RunningAvi, session: avi.Avi
) -> None:
    slow = faults.Fault(path="/login", hold_seconds=60, times=None)
    number = avisim.controller.faults.add(slow)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        start = asyncio.create_task(session.start())

        async def all_wait() -> bool:
            return avisim.controller.faults.met(number) == avi.START_SESSIONS

        await waiting.until(all_wait, title="nine requests", seconds=10.0)
        start.cancel()
        await asyncio.wait([start])
        assert start.cancelled()
        del start
        gc.collect()
    avisim.controller.faults.clear()
    assert not [each.message for each in seen if "Unclosed" in str(each.message)]


async def test_a_refusal_among_nine_logins_ends_the_start(
    avisim: avisim_plugin.RunningAvi, session: avi.Avi
) -> None:
    before = counts.of("")
    avisim.controller.faults.add(faults.Fault(status=503, text="booting", path="/login", skip=4))
    with pytest.raises(avi.AviError, match="503"):
        await session.start()
    assert counts.of("").since(before) == counts.Counts(logins=8)
    avisim.controller.faults.add(
        faults.Fault(status=401, text="Invalid credentials", path="/login", skip=4)
    )
    with pytest.raises(avi.AviError, match="Invalid"):
        await session.start()
    assert counts.of("").since(before) == counts.Counts(logins=16, refused=1)


async def test_a_wrong_password_locks_the_account_for_the_right_one_too(ako_bed: AkoBed) -> None:
    user = await ako_bed.new_user("ako")
    await ako_bed.switch(ako_faults="wrong-password")
    await ako_bed.install()
    await ako_bed.pod(restarts)
    await ako_bed.switch(ako_faults="")
    right = ako_bed.admin.as_user(*ako_bed.user)
    assert (await ako_bed.ask(right.login)).status == 401
    unlocked = {"replace": {"user_profile_ref": NEVER_LOCKS}}
    await ako_bed.ask(lambda: ako_bed.admin.patch(f"user/{user}", unlocked))
    await ako_bed.service("web")
    await ako_bed.address("web")


async def test_another_secret_restarts_it(ako_bed: AkoBed) -> None:
    await ako_bed.install()
    await ako_bed.service("web")
    await ako_bed.address("web")
    await ako_bed.api.patch("v1/Secret", ako_bed.home, "avi-secret", {"data": {"more": "eA=="}})
    end = last_end(await ako_bed.pod(last_end))
    assert end["exitCode"] == 137
    assert "has changed" in end["message"]


async def test_a_restart_converges_and_takes_stale_objects_away(ako_bed: AkoBed) -> None:
    await ako_bed.install()
    await ako_bed.service("web")
    await ako_bed.address("web")
    body = {"name": f"{CLUSTER}--stale", "created_by": f"ako-{CLUSTER}"}
    await ako_bed.ask(lambda: ako_bed.admin.post("pool", body))
    before = await ako_bed.ask(ako_bed.marked)
    await ako_bed.api.delete("v1/Pod", ako_bed.home, "ako-0", grace_seconds=0)
    stale = body["name"]
    await ako_bed.until(lambda: stale not in ako_bed.admin.names("pool"), "the stale pool to go")
    assert await ako_bed.ask(ako_bed.marked) == before
    assert not await ako_bed.ask(lambda: ako_bed.asked(method="PUT", kind="virtualservice"))


async def test_a_restart_storm(ako_bed: AkoBed) -> None:
    await ako_bed.switch(ako_faults="restart-storm")
    await ako_bed.install()
    await ako_bed.pod(lambda pod: restarts(pod) >= 3)


async def test_its_pod_gone_nothing_is_written_any_more(ako_bed: AkoBed) -> None:
    await ako_bed.switch(ako_full_sync_seconds="0.2")
    await ako_bed.install()
    await ako_bed.service("web")
    await ako_bed.address("web")
    await ako_bed.kubelet.lose_node("n1")
    before = ako_bed.avi.controller.journal.last
    await _sweep(ako_bed)
    await ako_bed.service("late")
    assert await ako_bed.ask(lambda: ako_bed.asked(before, method="POST")) == []


async def test_cut_off_it_goes_on_until_its_user_is_refused(ako_bed: AkoBed) -> None:
    user = await ako_bed.new_user("ako")
    await ako_bed.switch(ako_full_sync_seconds="0.2")
    await ako_bed.install()
    await ako_bed.service("web")
    await ako_bed.address("web")
    await ako_bed.switch(ako_faults="cut-off", ako_cut_off_seconds="30")
    await ako_bed.kubelet.lose_node("n1")
    await _sweep(ako_bed)
    await ako_bed.until(lambda: ako_bed.marked("virtualservice"), "what was swept, made anew")
    await ako_bed.ask(lambda: ako_bed.admin.delete(f"user/{user}"))
    before = ako_bed.avi.controller.journal.last
    await ako_bed.until(lambda: ako_bed.asked(before, path="/login"), "a login")
    await ako_bed.until(lambda: cutoff.count() == 0, "its end")
    await _sweep(ako_bed)
    assert await ako_bed.ask(ako_bed.marked) == []


async def test_cut_off_it_does_not_hear_delete_config(ako_bed: AkoBed) -> None:
    await ako_bed.switch(ako_full_sync_seconds="0.2")
    await ako_bed.install()
    await ako_bed.service("web")
    await ako_bed.address("web")
    await ako_bed.switch(ako_faults="cut-off")
    await ako_bed.delete_config("true")
    before = ako_bed.avi.controller.journal.last
    await ako_bed.until(lambda: ako_bed.asked(before, kind="pool"), "a full sync")
    assert await ako_bed.ask(ako_bed.marked)
    await ako_bed.answer(None)


async def test_delete_config_ignored(ako_bed: AkoBed) -> None:
    await ako_bed.switch(ako_faults="ignores-delete-config", ako_full_sync_seconds="0.2")
    await ako_bed.install()
    await ako_bed.service("web")
    await ako_bed.address("web")
    await ako_bed.delete_config("true")
    await ako_bed.service("late")
    await ako_bed.address("late")
    before = ako_bed.avi.controller.journal.last
    await ako_bed.until(lambda: ako_bed.asked(before, kind="pool"), "a full sync")
    assert not await ako_bed.ask(lambda: ako_bed.asked(method="DELETE"))
    await ako_bed.answer(None)


async def _sweep(ako_bed: AkoBed) -> None:
    """Delete all from outside, in an order that Avi takes."""

    def work() -> None:
        for kind in ("virtualservice", "vsvip", "l4policyset", "pool"):
            for name in ako_bed.marked(kind):
                uuid = ako_bed.named(kind, name.partition("/")[2])["uuid"]
                ako_bed.admin.delete(f"{kind}/{uuid}")

    await ako_bed.ask(work)


async def test_another_leader_of_avi_restarts_it(ako_bed: AkoBed) -> None:
    await ako_bed.switch(ako_full_sync_seconds="0.2")
    await ako_bed.install()
    await ako_bed.service("web")
    await ako_bed.address("web")
    await ako_bed.ask(ako_bed.avi.controller.change_leader)
    assert "another leader" in last_end(await ako_bed.pod(last_end))["message"]


async def test_a_token_logs_in_and_without_a_ca_nothing_is_verified(ako_bed: AkoBed) -> None:
    token = await ako_bed.ask(lambda: ako_bed.admin.post("user-token", {"hours": "240"}))
    ako_bed.secret = {"password": "", "authtoken": token["token"], "certificateAuthorityData": ""}
    await ako_bed.install()
    await ako_bed.service("web")
    await ako_bed.address("web")


async def test_a_wrong_ca_is_no_answer(ako_bed: AkoBed) -> None:
    ako_bed.secret = {"certificateAuthorityData": certificates.Authority().pem}
    await ako_bed.install()
    assert "no answer from Avi" in last_end(await ako_bed.pod(last_end))["message"]
