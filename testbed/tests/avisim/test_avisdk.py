"""Every operation of the unmodified avisdk, against all profiles."""

import dataclasses
import typing
import warnings
from collections.abc import Callable

import pytest
import requests
from akoo_testbed.avisim import client
from akoo_testbed.avisim import pytest as plugin

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # avisdk 32.1.4 has docstrings with invalid escapes
    from avi.sdk import avi_api

# avisdk asks for the time in a way that Python 3.12 and later warn of.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

Sdk = Callable[..., typing.Any]
SERVER = {"ip": {"addr": "10.0.0.1", "type": "V4"}}


def test_login_tells_the_release(sdk: Sdk, avisim: plugin.RunningAvi) -> None:
    session = sdk()
    assert session.remote_api_version["Version"] == avisim.options.profile
    assert session.session_id


def test_wrong_password(sdk: Sdk) -> None:
    with pytest.raises(avi_api.APIError, match="Invalid credentials") as raised:
        sdk(password="wrong")
    assert raised.value.rsp.status_code == 401


def test_post_fills_defaults_and_names_references(sdk: Sdk) -> None:
    body = {"name": "p1", "lb_algorithm": "LB_ALGORITHM_ROUND_ROBIN", "servers": [SERVER]}
    response = sdk().post("pool", data=body)
    pool = response.json()
    assert response.status_code == 201
    assert response.headers["Location"] == pool["url"]
    assert pool["url"].endswith(f"/api/pool/{pool['uuid']}#p1")
    assert pool["uuid"].startswith("pool-")
    assert pool["tenant_ref"].endswith("/api/tenant/admin#admin")
    assert pool["cloud_ref"].endswith("#Default-Cloud")
    assert pool["vrf_ref"].endswith("#global")
    assert pool["lb_algorithm"] == "LB_ALGORITHM_ROUND_ROBIN"
    assert pool["servers"] == [{**pool["servers"][0], **SERVER, "enabled": True, "ratio": 1}]
    assert len(pool) >= 30
    assert isinstance(pool["_last_modified"], str)


def test_get_put_patch_delete(sdk: Sdk) -> None:
    session = sdk()
    uuid = session.post("pool", data={"name": "p1"}).json()["uuid"]
    pool = session.get(f"pool/{uuid}").json()
    assert "#" not in pool["cloud_ref"]
    pool["default_server_port"] = 81
    changed = session.put(f"pool/{uuid}", data=pool)
    assert changed.status_code == 200
    assert changed.json()["default_server_port"] == 81
    stale = session.put(f"pool/{uuid}", data=pool)
    assert stale.status_code == 412
    assert "Concurrent Update Error" in stale.text
    patched = session.patch(f"pool/{uuid}", data={"add": {"servers": [SERVER]}})
    assert patched.json()["servers"][0]["ip"] == SERVER["ip"]
    gone = session.delete(f"pool/{uuid}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert session.get(f"pool/{uuid}").status_code == 404


def test_by_name(sdk: Sdk) -> None:
    session = sdk()
    name = "a b&c#d/é"
    session.post("pool", data={"name": name})
    assert session.get_object_by_name("pool", name)["name"] == name
    assert session.get_object_by_name("pool", "other") is None
    session.put_by_name("pool", name, data={"name": name, "description": "new"})
    pool = session.get_object_by_name("pool", name)
    assert pool["description"] == "new"
    assert session.get_obj_uuid(pool) == pool["uuid"]
    session.delete_by_name("pool", name)
    with pytest.raises(avi_api.ObjectNotFound):
        session.delete_by_name("pool", name)


def test_iteration_goes_over_all_pages(sdk: Sdk, avisim: plugin.RunningAvi) -> None:
    session = sdk()
    inside = client.Client(avisim.controller, password=avisim.options.password)
    for number in range(250):
        inside.post("stringgroup", {"name": f"g{number}", "type": "SG_TYPE_STRING"})
    names = [each["name"] for each in session.get_objects_iter("stringgroup", params={})]
    own = [name for name in names if name.startswith("g")]
    assert own == [f"g{number}" for number in range(250)]
    page = session.get("stringgroup", params={"page_size": 200, "name.contains": "g"}).json()
    assert page["count"] == len([name for name in names if "g" in name])
    assert len(page["results"]) == 200
    assert "page=2" in page["next"]


def test_tenants_by_header(sdk: Sdk) -> None:
    session = sdk()
    tenant = session.post("tenant", data={"name": "t1", "local": "true"}).json()
    assert tenant["config_settings"]["se_in_provider_context"] is True
    pool = session.post("pool", data={"name": "p1"}, tenant="t1").json()
    assert pool["tenant_ref"].endswith(f"/{tenant['uuid']}#t1")
    assert session.get("pool", params={"name": "p1"}).json() == {"count": 0, "results": []}
    for there in ({"tenant": "t1"}, {"tenant": "*"}, {"tenant_uuid": tenant["uuid"]}):
        assert session.get("pool", params={"name": "p1"}, **there).json()["count"] == 1
    refused = session.delete(f"tenant/{tenant['uuid']}")
    assert refused.status_code == 403
    assert "referred by: ['Pool p1']" in refused.text
    session.delete_by_name("pool", "p1", tenant="t1")
    assert session.delete(f"tenant/{tenant['uuid']}").status_code == 204
    missing = session.get("pool", tenant="t1")
    assert (missing.status_code, missing.text) == (
        403,
        '{"error": "Tenant \'t1\' does not exist!"}',
    )


def test_force_uuid(sdk: Sdk) -> None:
    assert sdk().post("pool", data={"name": "p"}, force_uuid="pool-42").json()["uuid"] == "pool-42"


def test_version_gating(sdk: Sdk) -> None:
    session = sdk()
    body = {"name": "p", "enable_http2": True}
    refused = session.post("pool", data=body, api_version="18.2.8")
    assert refused.status_code == 400
    assert (
        "Incoming request (v18_2_8) has field (enable_http2) introduced in later versions(v20_1_1)."
    ) in refused.text
    answered = session.post("pool", data=body, api_version="20.1.1")
    assert answered.status_code == 201
    assert answered.headers["AVI_API_VERSION"] == "20_1_1"
    assert "Invalid version" in session.get("pool", api_version="99.1.1").text


def test_an_expired_session_is_renewed(sdk: Sdk, avisim: plugin.RunningAvi) -> None:
    session = sdk()
    before = session.session_id
    avisim.controller.state.accounts.sessions.clear()
    assert session.get("pool").status_code == 200
    assert session.session_id != before


def test_a_wrong_csrf_token_is_refused(sdk: Sdk) -> None:
    with pytest.raises(avi_api.APIError, match="CSRF token missing or incorrect") as raised:
        sdk().post("pool", data={"name": "p"}, headers={"X-CSRFToken": "wrong"})
    assert raised.value.rsp.status_code == 401
    assert raised.value.rsp.headers["Content-Type"] == "application/json"


def test_after_a_csrf_failure_the_sdk_logs_in_again(sdk: Sdk, avisim: plugin.RunningAvi) -> None:
    session = sdk()
    sessions = avisim.controller.state.accounts.sessions
    for each in list(sessions.values()):
        sessions[each.id] = dataclasses.replace(each, csrf="changed")
    assert session.get("pool").status_code == 200
    assert len(sessions) == 1
    assert session.post("pool", data={"name": "p"}).status_code == 201
    assert len(sessions) == 2


def test_logout(sdk: Sdk, avisim: plugin.RunningAvi) -> None:
    session = sdk()
    assert len(avisim.controller.state.accounts.sessions) == 1
    assert session.post("logout").status_code == 200
    assert avisim.controller.state.accounts.sessions == {}


def test_the_certificate_is_checked(sdk: Sdk) -> None:
    with pytest.raises(requests.exceptions.SSLError, match="certificate"):
        sdk(verify=True)
