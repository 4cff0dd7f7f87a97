"""Answers come in the version that was asked for, so that an older client can write them back."""

import typing
from collections.abc import Callable

import pytest
from akoo_testbed.avisim import client, versions

Make = Callable[..., client.Client]
NEWER = "graceful_hm_down_disable_timeout"
"""A field of pools since 30.2.1."""


@pytest.mark.parametrize("version", ["20.1.1", "22.1.3"])
def test_an_older_client_copies_what_it_read(admin: client.Client, version: str) -> None:
    uuid = admin.post(
        "pool", {"name": "p", "servers": [{"ip": {"addr": "10.0.0.1", "type": "V4"}}]}
    )["uuid"]
    read = admin.get(f"pool/{uuid}", x_avi_version=version)
    assert NEWER not in read
    for name in ("uuid", "url"):
        del read[name]
    admin.post("pool", {**read, "name": "copy"}, x_avi_version=version)
    assert NEWER in admin.get(f"pool/{uuid}")


def test_answers_to_writes_and_lists_are_migrated_too(admin: client.Client) -> None:
    made = admin.post("pool", {"name": "p"}, x_avi_version="22.1.3")
    assert NEWER not in made
    assert NEWER not in admin.get("pool", x_avi_version="22.1.3")["results"][0]
    changed = admin.patch(
        f"pool/{made['uuid']}", {"add": {"description": "d"}}, x_avi_version="22.1.3"
    )
    assert NEWER not in changed
    inventory = admin.get(f"pool-inventory/{made['uuid']}", x_avi_version="22.1.3")
    assert NEWER not in inventory["config"]


def test_fields_inside_of_messages_are_migrated(admin: client.Client) -> None:
    body = {
        "name": "p",
        "servers": [{"ip": {"addr": "10.0.0.1", "type": "V4"}, "preference_order": 2}],
    }
    uuid = admin.post("pool", body)["uuid"]
    older = admin.get(f"pool/{uuid}", x_avi_version="21.1.4")["servers"][0]
    newer = admin.get(f"pool/{uuid}", x_avi_version="22.1.1")["servers"][0]
    assert "preference_order" not in older
    assert newer["preference_order"] == 2
    assert older.items() <= newer.items()


def test_without_the_header_answers_are_those_of_the_oldest_version(admin: client.Client) -> None:
    markers = [{"key": "clustername", "values": ["c1"]}]
    uuid = admin.post("pool", {"name": "p", "markers": markers})["uuid"]
    read = admin.get(f"pool/{uuid}", x_avi_version=None)
    assert not {"markers", "configpb_attributes", NEWER} & set(read)


@pytest.mark.parametrize("name", list(versions.PROFILES))
def test_no_answer_has_a_field_that_is_newer_than_asked_for(make: Make, name: str) -> None:
    admin = make(profile=name)
    asked = versions.parse("20.1.1")
    admin.post("virtualservice", {"name": "vs", "services": [{"port": 443, "enable_ssl": True}]})
    for kind in ("virtualservice", "pool", "network", "serviceenginegroup", "applicationprofile"):
        known = admin.controller.state.kinds.kinds[kind].fields
        for each in admin.get(kind, x_avi_version="20.1.1")["results"]:
            newer = {field for field in each if field in known and known[field].since > asked}
            assert not newer, (kind, newer)


def test_a_controller_comes_back_older(make: Make) -> None:
    admin = make(profile="31.2.2")
    admin.login()
    admin.controller.state.switches["upgrade-sessions"] = "kept"
    admin.controller.come_back("30.2.2")
    status, text = admin.refused("GET", "pool", x_avi_version="31.2.2")
    assert (status, "Invalid version" in text) == (400, True)
    assert admin.get("pool", x_avi_version="30.2.2")["count"] == 0


def test_no_unknown_release(admin: client.Client) -> None:
    with pytest.raises(ValueError, match="no profile"):
        admin.controller.come_back("1.2.3")


def first(answer: typing.Any) -> typing.Any:
    return answer["results"][0]


def test_what_a_controller_fills_in(admin: client.Client) -> None:
    """Seen in recordings of a controller of 20.1.1."""
    vip = admin.post("vsvip", {"name": "v"})
    assert "vs_refs" not in admin.get(f"vsvip/{vip['uuid']}")
    service = {"port": 443, "enable_ssl": True}
    body = {"name": "vs", "services": [service], "vsvip_ref": vip["url"]}
    made = admin.post("virtualservice", body)
    assert made["ssl_profile_ref"].endswith("#System-Standard")
    plain = admin.post("virtualservice", {"name": "plain", "services": [{"port": 80}]})
    assert "ssl_profile_ref" not in plain
    read = admin.get(f"vsvip/{vip['uuid']}")
    assert [ref.rpartition("/")[2] for ref in read["vs_refs"]] == [made["uuid"]]
    admin.put(f"vsvip/{vip['uuid']}", read)
    admin.delete(f"virtualservice/{made['uuid']}")
    assert "vs_refs" not in first(admin.get("vsvip"))
    pool = admin.post("pool", {"name": "p"})
    assert pool["analytics_profile_ref"].endswith("#System-Analytics-Profile")
    monitor = {"name": "m", "type": "HEALTH_MONITOR_HTTP", "http_monitor": {}}
    assert "response_size" not in admin.post("healthmonitor", monitor)["http_monitor"]
