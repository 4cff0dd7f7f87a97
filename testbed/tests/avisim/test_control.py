"""The control endpoint: faults, journal, snapshots and switches for programs in any language."""

import base64
import json
import typing

from akoo_testbed.avisim import client, values

PASSWORD = "Correct-horse-1"


class Control:
    """Speaks to the control endpoint of a controller."""

    def __init__(self, admin: client.Client, password: str = PASSWORD, user: str = "admin") -> None:
        encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._controller = admin.controller
        self._headers = {"authorization": f"Basic {encoded}"}

        self._headers["content-type"] = "application/x-www-form-urlencoded"  # as curl -d says

    def __call__(self, method: str, path: str, body: typing.Any = None) -> values.Response:
        return self._controller.handle(
            values.Request(
                method=method,
                target=f"/avisim{path}",
                headers=self._headers,
                body=b"" if body is None else json.dumps(body).encode(),
            )
        )


def test_who_may_use_it(admin: client.Client) -> None:
    assert Control(admin)("GET", "").json["profile"] == "30.2.2"
    assert Control(admin, "wrong")("GET", "").status == 401
    admin.post("user", {"name": "u", "password": PASSWORD})
    assert Control(admin, user="u")("GET", "").status == 401
    anonymous = values.Request(method="GET", target="/avisim/journal")
    assert admin.controller.handle(anonymous).status == 401


def test_faults(admin: client.Client) -> None:
    control = Control(admin)
    admin.login()
    made = control("POST", "/faults", {"answer": "booting", "kind": "pool", "times": 2})
    assert (made.status, made.json) == (201, {"id": 1})
    assert admin.call("GET", "pool").status == 503
    assert control("GET", "/faults").json["1"]["met"] == 1
    control("DELETE", "/faults/1")
    assert admin.call("GET", "pool").status == 200
    control("POST", "/faults", {"drop": True, "times": None})
    control("DELETE", "/faults")
    assert admin.call("GET", "pool").status == 200
    for wrong in ({"answer": "nonsense"}, {"nonsense": 1}, [1], {}, {"status": "x"}):
        assert control("POST", "/faults", wrong).status == 400


def test_journal(admin: client.Client) -> None:
    control = Control(admin)
    admin.post("pool", {"name": "p"})
    admin.get("pool")
    (entry,) = control("GET", "/journal?writes=1&kind=pool").json
    assert (entry["subject"]["name"], entry["status"]) == ("p", 201)
    assert len(control("GET", f"/journal?since={entry['number']}").json) == 1
    assert control("GET", "/journal?nonsense=1").status == 400
    control("DELETE", "/journal")
    assert control("GET", "/journal").json == []


def test_snapshots(admin: client.Client) -> None:
    control = Control(admin)
    admin.login()
    assert control("POST", "/snapshots").json == {"id": 1}
    made = admin.post("pool", {"name": "p"})
    diff = control("GET", "/snapshots/1/diff").json
    assert diff == {"added": [f"pool/{made['uuid']} p"], "removed": [], "changed": {}}
    assert control("POST", "/snapshots/1/restore").status == 200
    assert admin.names("pool") == []
    assert control("POST", "/snapshots/x/restore").status == 400


def test_switches_and_states(admin: client.Client) -> None:
    control = Control(admin)
    admin.login()
    assert control("PUT", "/switches", {"no-session-status": "419"}).status == 200
    control("DELETE", "/sessions")
    assert admin.call("GET", "pool").status == 419
    assert control("PUT", "/switches", {"no-session-status": "500"}).status == 400
    admin.login()
    control("POST", "/upgrade", {"running": True})
    assert admin.call("POST", "pool", {"name": "p"}).status == 403
    control("POST", "/upgrade", {"running": False})
    control("POST", "/leader")
    assert admin.call("GET", "pool").status == 419
    assert control("GET", "/nothing").status == 404


def test_port_groups(admin: client.Client) -> None:
    control = Control(admin)
    admin.post("cloud", {"name": "vc", "vtype": "CLOUD_VCENTER"})
    group = {"moref": "dvportgroup-1", "name": "web", "subnets": ["10.0.0.0/24"]}
    body = {"cloud": "vc", "port_groups": [group]}
    assert control("POST", "/portgroups", body).status == 200
    assert admin.names("network") == ["web"]
    assert control("POST", "/portgroups", {**body, "cloud": "x"}).status == 400


def test_a_restart_and_another_release(admin: client.Client) -> None:
    control = Control(admin)
    admin.login()
    assert control("POST", "/restart").status == 200
    assert admin.call("GET", "pool").status == 503
    assert control("POST", "/return", {"profile": "nonsense"}).status == 400
    assert control("POST", "/return", {"profile": "32.1.4"}).status == 200
    assert admin.call("GET", "pool").status == 401
    admin.login()
    assert admin.get("cluster/version")["Version"] == "32.1.4"


def test_referrers_that_nobody_can_list(admin: client.Client) -> None:
    uuid = admin.post("pool", {"name": "p"})["uuid"]
    body = {"kind": "pool", "uuid": uuid, "referrers": ["GslbService web"]}
    assert Control(admin)("POST", "/referrers", body).status == 200
    status, text = admin.refused("DELETE", f"pool/{uuid}")
    assert (status, "referred by: ['GslbService web']" in text) == (403, True)
    Control(admin)("POST", "/referrers", {**body, "referrers": []})
    admin.delete(f"pool/{uuid}")
