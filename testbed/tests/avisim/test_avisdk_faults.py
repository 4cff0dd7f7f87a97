"""The unmodified avisdk when things go wrong, as it was measured before."""

import base64
import time
import typing
import warnings
from collections.abc import Callable
from concurrent import futures

import pytest
import requests
from akoo_testbed.avisim import faults
from akoo_testbed.avisim import pytest as plugin

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # avisdk 32.1.4 has docstrings with invalid escapes
    from avi.sdk import avi_api

# avisdk asks for the time in a way that Python 3.12 and later warn of.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

Sdk = Callable[..., typing.Any]
PASSWORD = "Correct-horse-1"


def arm(avisim: plugin.RunningAvi, **fault: typing.Any) -> None:
    avisim.controller.faults.add(faults.Fault(**fault))


def seen(avisim: plugin.RunningAvi, since: int) -> list[str]:
    entries = avisim.controller.journal.entries(since=since)
    return [f"{e.subject.method} {e.subject.path} {e.status}" for e in entries]


@pytest.mark.parametrize("answer", ["no-session", "switch-session"])
def test_401_and_419_make_it_log_in_again(sdk: Sdk, avisim: plugin.RunningAvi, answer: str) -> None:
    session = sdk()
    start = avisim.controller.journal.last
    arm(avisim, answer=answer, kind="pool")
    assert session.get("pool").status_code == 200
    status = faults.ANSWERS[answer][0]
    expected = [f"GET /api/pool {status}", "POST /login 200", "GET /api/pool 200"]
    assert seen(avisim, start) == expected


def test_401_always_gives_up_after_four_tries(sdk: Sdk, avisim: plugin.RunningAvi) -> None:
    session = sdk()
    start = avisim.controller.journal.last
    arm(avisim, answer="no-session", kind="pool", times=None)
    with pytest.raises(avi_api.APIError):
        session.get("pool")
    assert seen(avisim, start) == ["GET /api/pool 401", "POST /login 200"] * 4
    arm(avisim, answer="booting", path="/login")
    with pytest.raises(avi_api.APIError):
        session.get("pool")


RETURNED = [name for name, (status, _, _) in faults.ANSWERS.items() if status not in (401, 419)]


def test_other_statuses_are_returned_and_not_repeated(sdk: Sdk, avisim: plugin.RunningAvi) -> None:
    session = sdk()
    for answer in RETURNED:
        start = avisim.controller.journal.last
        arm(avisim, answer=answer, kind="pool")
        response = session.get("pool")
        status = faults.ANSWERS[answer][0]
        assert response.status_code == status
        assert seen(avisim, start) == [f"GET /api/pool {status}"]
        error = avi_api.ObjectNotFound if status == 404 else avi_api.APIError
        with pytest.raises(error):
            response.json()


def test_a_lookup_by_name_confuses_refused_with_missing(
    sdk: Sdk, avisim: plugin.RunningAvi
) -> None:
    session = sdk()
    session.post("pool", data={"name": "p"})
    for answer in ("no-free-ip", "denied", "not-found", "duplicate", "stale", "rate-limited"):
        arm(avisim, answer=answer, kind="pool")
        assert session.get_object_by_name("pool", "p") is None
    arm(avisim, answer="booting", kind="pool")
    with pytest.raises(avi_api.AviServerError):
        session.get_object_by_name("pool", "p")


def test_a_dropped_get_is_repeated(sdk: Sdk, avisim: plugin.RunningAvi) -> None:
    session = sdk()
    start = avisim.controller.journal.last
    arm(avisim, drop=True, kind="pool")
    assert session.get("pool").status_code == 200
    assert seen(avisim, start) == ["GET /api/pool 0", "POST /login 200", "GET /api/pool 200"]


def test_a_post_whose_answer_is_lost_is_replayed(sdk: Sdk, avisim: plugin.RunningAvi) -> None:
    session = sdk()
    start = avisim.controller.journal.last
    arm(avisim, drop=True, after=True, kind="pool", method="POST")
    response = session.post("pool", data={"name": "p"})
    assert response.status_code == 409
    assert "already exists" in response.text
    assert session.get_object_by_name("pool", "p")["name"] == "p"
    assert seen(avisim, start)[:3] == ["POST /api/pool 0", "POST /login 200", "POST /api/pool 409"]


def test_drops_without_end(sdk: Sdk, avisim: plugin.RunningAvi) -> None:
    session = sdk()
    arm(avisim, drop=True, kind="pool", times=None)
    with pytest.raises(requests.exceptions.ConnectionError):
        session.get("pool")
    eager = sdk(retry_conxn_errors=False, tenant="*")
    start = avisim.controller.journal.last
    with pytest.raises(requests.exceptions.ConnectionError):
        eager.get("pool")
    assert seen(avisim, start) == ["GET /api/pool 0"]


def test_a_slow_answer_times_out(sdk: Sdk, avisim: plugin.RunningAvi) -> None:
    session = sdk()
    arm(avisim, hold_seconds=60, kind="pool")
    with pytest.raises(requests.exceptions.ReadTimeout):
        session.get("pool", timeout=0.1)
    arm(avisim, delay_seconds=0.2, kind="vsvip")
    started = time.monotonic()
    assert session.get("vsvip", timeout=5).status_code == 200
    assert time.monotonic() - started >= 0.2


def test_a_fault_that_is_taken_away_lets_its_requests_go(
    sdk: Sdk, avisim: plugin.RunningAvi
) -> None:
    session, armed = sdk(), avisim.controller.faults
    for fault in (
        faults.Fault(kind="pool", hold_seconds=600),
        faults.Fault(kind="pool", delay_seconds=600),
    ):
        number = armed.add(fault)
        with futures.ThreadPoolExecutor(1) as pool:
            asked = pool.submit(session.get, "pool", timeout=60)
            while not armed.met(number):
                time.sleep(0.005)
            assert not asked.done()
            armed.remove(number)
            assert asked.result().status_code == 200


def test_an_error_on_the_second_page(sdk: Sdk, avisim: plugin.RunningAvi) -> None:
    session = sdk()
    for number in range(3):
        session.post("pool", data={"name": f"p{number}"})
    arm(avisim, answer="broken", kind="pool", skip=1)
    pools = session.get_objects_iter("pool", params={"page_size": 2})
    assert [next(pools)["name"], next(pools)["name"]] == ["p0", "p1"]
    with pytest.raises(avi_api.AviServerError):
        next(pools)


def test_lazy_basic_and_own_password(sdk: Sdk, avisim: plugin.RunningAvi) -> None:
    lazy = sdk(lazy_authentication=True, tenant="lazy")
    assert avisim.controller.journal.last == 0
    assert lazy.get("cluster", tenant="admin").status_code == 200
    body = {"old_password": PASSWORD, "password": "Another-one-2"}
    changed = lazy.put("useraccount", data=body, tenant="admin")
    assert (changed.status_code, changed.content) == (200, b"")
    configuration = lazy.get("systemconfiguration", tenant="admin").json()
    configuration["portal_configuration"]["allow_basic_authentication"] = True
    lazy.put("systemconfiguration", data=configuration, tenant="admin")
    start = avisim.controller.journal.last
    header = "Basic " + base64.b64encode(b"admin:Another-one-2").decode()
    basic = sdk(user_hdrs={"Authorization": header}, tenant="basic")
    made = basic.post("pool", data={"name": "p"}, tenant="admin")
    assert made.status_code == 201
    assert seen(avisim, start) == ["POST /api/pool 201"]


def test_tokens_and_macros(sdk: Sdk) -> None:
    session = sdk()
    token = session.post("user-token", data={"hours": "240"}).json()["token"]
    by_token = sdk(password=None, token=token)
    parts = '[{"model_name": "Pool", "data": {"name": "p"}}]'
    assert by_token.post("macro", data=parts).status_code == 201
    assert by_token.get_object_by_name("pool", "p")["name"] == "p"


def test_the_sdk_leaks_headers_that_mean_nothing(sdk: Sdk) -> None:
    session = sdk()
    response = session.get("pool?page_size=1", headers={"timeout": "None"})
    assert response.json() == {"count": 0, "results": []}
    assert session.get_controller_details()["controller_api_version"]["Product"] == "controller"
    reference = session.get_obj_ref(session.post("pool", data={"name": "p"}).json())
    assert session.get_slug_from_uri(reference).startswith("pool-")
