"""Faults, journal, snapshots: what tests of clients stand on."""

import json
import random

import pytest
from akoo_testbed.avisim import Controller, client, faults, snapshots

PASSWORD = "Correct-horse-1"


def arm(admin: client.Client, **fault: object) -> int:
    return admin.controller.faults.add(faults.Fault(**fault))  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", faults.ANSWERS)
def test_every_known_answer(admin: client.Client, answer: str) -> None:
    admin.login()
    number = arm(admin, answer=answer, method="POST")
    status, text = admin.refused("POST", "pool", {"name": "p"})
    expected, key, error = faults.ANSWERS[answer]
    assert status == expected
    assert (json.loads(text)[key] if key else text) == error
    assert admin.names("pool") == []
    assert admin.controller.faults.met(number) == 1
    admin.post("pool", {"name": "p"})


def test_the_statuses_that_real_controllers_give_are_all_there() -> None:
    statuses = {status for status, _, _ in faults.ANSWERS.values()}
    assert statuses == {400, 401, 403, 404, 405, 408, 409, 412, 419, 429, 500, 502, 503, 504}
    with pytest.raises(ValueError, match="no answer"):
        faults.Fault(answer="nonsense")


def test_special_forms_of_answers(admin: client.Client) -> None:
    admin.login()
    arm(admin, answer="switch-session")
    response = admin.call("GET", "pool")
    assert (response.status, response.reason, response.content_type) == (
        419,
        "FORBIDDEN",
        "text/html",
    )
    arm(admin, answer="rate-limited")
    assert ("Retry-After", "5") in admin.call("GET", "pool").headers
    arm(admin, status=418, text="teapot")
    assert admin.refused("GET", "pool") == (418, "teapot")
    arm(admin, answer="broken", text="other")
    assert admin.refused("GET", "pool") == (500, '{"error": "other"}')


@pytest.mark.parametrize(
    ("pattern", "met"),
    [
        ({"method": "DELETE"}, [False, False, True]),
        ({"kind": "pool"}, [True, True, True]),
        ({"kind": "pool*", "method": "P*"}, [True, False, False]),
        ({"name": "shop--*"}, [True, False, True]),
        ({"name": "other"}, [False, False, False]),
        ({"tenant": "admin", "user": "admin"}, [True, True, True]),
        ({"tenant": "t"}, [False, False, False]),
        ({"user": "other"}, [False, False, False]),
        ({"path": "/api/pool/*"}, [False, False, True]),
        ({"skip": 1, "times": 1}, [False, True, False]),
        ({"skip": 1, "times": None}, [False, True, True]),
        ({"times": 2}, [True, True, False]),
    ],
)
def test_whom_a_fault_meets(
    admin: client.Client, pattern: dict[str, object], met: list[bool]
) -> None:
    uuid = admin.post("pool", {"name": "shop--a"})["uuid"]
    arm(admin, answer="booting", **({"times": None} | pattern))
    statuses = [
        admin.call("POST", "pool", {"name": "shop--b"}).status,
        admin.call("GET", "pool").status,
        admin.call("DELETE", f"pool/{uuid}").status,
    ]
    assert [status == 503 for status in statuses] == met


def test_an_answer_may_get_lost_after_its_effect(admin: client.Client) -> None:
    admin.login()
    arm(admin, drop=True, after=True, method="POST")
    assert admin.call("POST", "pool", {"name": "p"}).drop
    assert admin.names("pool") == ["p"]
    arm(admin, drop=True, method="DELETE")
    uuid = admin.get("pool")["results"][0]["uuid"]
    assert admin.call("DELETE", f"pool/{uuid}").drop
    assert admin.names("pool") == ["p"]
    arm(admin, answer="gateway-timeout", after=True, method="DELETE")
    assert admin.call("DELETE", f"pool/{uuid}").status == 504
    assert admin.names("pool") == []


def test_sessions_get_lost(admin: client.Client) -> None:
    admin.login()
    arm(admin, lose_sessions=True, method="DELETE")
    assert admin.call("GET", "pool").status == 200
    assert admin.call("DELETE", "pool/x").status == 401
    assert admin.call("GET", "pool").status == 401


def test_faults_are_taken_away(admin: client.Client) -> None:
    admin.login()
    number = arm(admin, answer="booting", times=None)
    assert admin.call("GET", "pool").status == 503
    admin.controller.faults.remove(number)
    assert admin.call("GET", "pool").status == 200
    arm(admin, answer="booting", times=None)
    admin.controller.faults.clear()
    assert admin.call("GET", "pool").status == 200


def test_the_journal(admin: client.Client) -> None:
    journal = admin.controller.journal
    admin.login()
    start = journal.last
    uuid = admin.post("pool", {"name": "shop--a"}, x_avi_tenant="admin")["uuid"]
    admin.get("pool?name=shop--a")
    admin.call("DELETE", f"pool/{uuid}")
    arm(admin, answer="booting")
    admin.call("GET", "cluster/runtime")
    arm(admin, drop=True)
    admin.call("GET", "vsvip")
    entries = journal.entries(since=start)
    assert [
        (e.subject.method, e.subject.kind, e.subject.name, e.status, e.fault) for e in entries
    ] == [
        ("POST", "pool", "shop--a", 201, ""),
        ("GET", "pool", "shop--a", 200, ""),
        ("DELETE", "pool", "shop--a", 204, ""),
        ("GET", "cluster", "", 503, "booting"),
        ("GET", "vsvip", "", 0, "drop"),
    ]
    assert {e.subject.user for e in entries} == {"admin"}
    assert entries[2].subject.uuid == uuid
    assert [e.number for e in journal.entries(writes=True)] == [
        entries[0].number,
        entries[2].number,
    ]
    assert journal.entries(since=start, kind="pool", method="DELETE") == [entries[2]]
    assert f"admin@admin DELETE /api/pool/{uuid} (shop--a) -> 204" in str(entries[2])
    assert "[booting]" in str(entries[3])
    journal.clear()
    assert list(journal) == []


def test_no_secret_is_in_the_journal(admin: client.Client) -> None:
    admin.login()
    admin.post("user", {"name": "u", "password": "Hidden-word-1"})
    certificate = {"name": "c", "certificate": {}, "key": "Hidden-key", "key_passphrase": "Hidden"}
    admin.post("sslkeyandcertificate", certificate)
    vcenter = {"username": "u", "password": "Hidden"}
    admin.post("cloud", {"name": "v", "vtype": "CLOUD_VCENTER", "vcenter_configuration": vcenter})
    admin.call("PUT", "useraccount", {"old_password": "Hidden", "password": "Hidden"})
    body = {"name": "p", "markers": [{"key": "clustername", "values": ["c"]}]}
    admin.post("pool", body)
    admin.post(
        "serviceenginegroup", {"name": "g", "labels": [{"key": "clustername", "value": "c"}]}
    )
    text = repr(list(admin.controller.journal))
    assert "Hidden" not in text
    assert PASSWORD not in text
    assert text.count("clustername") == 2


def fill(admin: client.Client) -> str:
    admin.post("tenant", {"name": "t"})
    admin.post("pool", {"name": "p"})
    uuid = str(admin.post("pool", {"name": "q"})["uuid"])
    admin.post("poolgroup", {"name": "g", "members": [{"pool_ref": "/api/pool?name=p"}]})
    return uuid


def test_a_diff_names_what_changed(admin: client.Client) -> None:
    uuid = fill(admin)
    before = admin.controller.snapshot()
    admin.put(f"pool/{uuid}", {"name": "q", "description": "d"})
    group = admin.get("poolgroup")["results"][0]["uuid"]
    admin.put(f"poolgroup/{group}", admin.get(f"poolgroup/{group}"))
    made = admin.post("vsvip", {"name": "v"})["uuid"]
    admin.delete(f"tenant/{admin.get('tenant?name=t')['results'][0]['uuid']}")
    diff = admin.controller.diff(before)
    assert list(diff.added) == [("vsvip", made)]
    assert [each.name for each in diff.removed.values()] == ["t"]
    assert diff.changed == {("pool", uuid): ("description",)}
    assert diff.touched == {("poolgroup", group)}
    assert diff.as_dict()["changed"] == {f"pool/{uuid}": ["description"]}


def test_restoring_is_exact(admin: client.Client) -> None:
    uuid = fill(admin)
    kept = admin.controller.snapshot()
    shown = admin.get(f"pool/{uuid}")
    other = admin.as_user("admin", PASSWORD)
    other.login()
    other.delete(f"pool/{uuid}")
    other.post("pool", {"name": "new"})
    admin.controller.restore(kept)
    assert not admin.controller.diff(kept)
    assert admin.controller.snapshot() == kept
    assert admin.get(f"pool/{uuid}") == shown
    assert admin.names("pool") == ["p", "q"]
    assert (
        admin.refused("DELETE", f"pool/{admin.get('pool?name=p')['results'][0]['uuid']}")[0] == 403
    )
    assert other.refused("GET", "pool")[0] == 401
    other.login()
    admin.controller.restore(kept, keep_sessions=True)
    assert other.get("pool")["count"] == 2
    changed = admin.put(f"pool/{uuid}", shown)
    assert int(changed["_last_modified"]) > int(shown["_last_modified"])


def test_a_snapshot_survives_as_text(admin: client.Client) -> None:
    uuid = fill(admin)
    admin.post("user-token", {"hours": 1})
    kept = admin.controller.snapshot()
    text = snapshots.dump(kept, "30.2.2")
    other = Controller(password="other", rng=random.Random(8), clock=admin.controller.state.clock)
    other.restore(snapshots.load(text, "30.2.2"))
    again = other.snapshot()
    assert (again.objects, again.tokens) == (kept.objects, kept.tokens)
    there = client.Client(other, password=PASSWORD)
    assert there.get(f"pool/{uuid}") == admin.get(f"pool/{uuid}")
    made = there.post("pool", {"name": "new"})
    assert there.names("pool") == ["p", "q", "new"]
    assert int(made["_last_modified"]) > int(there.get(f"pool/{uuid}")["_last_modified"])
    with pytest.raises(ValueError, match="profile"):
        snapshots.load(text, "22.1.7")
    with pytest.raises(ValueError, match="not a state"):
        snapshots.load("{}", "22.1.7")
