"""Query parameters: filters, markers, references both ways, order, pages."""

from collections.abc import Callable

import pytest
from akoo_testbed.avisim import client


@pytest.fixture
def filled(admin: client.Client) -> client.Client:
    cloud = admin.post("cloud", {"name": "c2", "vtype": "CLOUD_NONE"})["uuid"]
    for number in range(6):
        body = {
            "name": f"{'ab'[number % 2]}--pool-{number}",
            "created_by": f"ako-{'ab'[number % 2]}",
            "enabled": number != 3,
            "default_server_port": 8000 + number,
            "servers": [{"ip": {"addr": f"10.0.0.{number}", "type": "V4"}, "port": 80}],
            "markers": [{"key": "clustername", "values": ["ab"[number % 2]]}],
        }
        admin.post("pool", body | ({"cloud_ref": cloud} if number == 5 else {}))
    admin.post("poolgroup", {"name": "g", "members": [{"pool_ref": "/api/pool?name=a--pool-0"}]})
    return admin


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("name=a--pool-0", "0"),
        ("name.contains=b--", "135"),
        ("name.icontains=B--POOL", "135"),
        ("name.contains=B--POOL", ""),
        ("name.in=a--pool-0,b--pool-1,other", "01"),
        ("created_by=ako-a", "024"),
        ("created_by=ako", ""),
        ("created_by=ako-a&default_server_port=8002", "2"),
        ("enabled=false", "3"),
        ("enabled=False", "3"),
        ("servers.ip.addr=10.0.0.4", "4"),
        ("servers.port=80", "012345"),
        ("cloud_ref.name=c2", "5"),
        ("cloud_ref.name=Default-Cloud", "01234"),
        ("cloud_ref.name=Default-Cloud&name.contains=a--", "024"),
        ("vrf_ref.name=global", "012345"),
        ("label_key=clustername&label_value=a", "024"),
        ("label_key=clustername", "012345"),
        ("label_key=other", ""),
        ("search=pool-1", "1"),
        ("search=(name,pool-1)", "1"),
        ("search=(name,pool-1)|(created_by,ako-a)", "0124"),
        ("search=(description,)", ""),
        ("search=(created_by,)", "012345"),
        ("isearch=POOL-1", "1"),
        ("referred_by=poolgroup:any", "0"),
        ("referred_by=poolgroup:none", "12345"),
        ("referred_by=any:none", "12345"),
        ("refers_to=cloud:any", "012345"),
        ("name.contains=a--&exclude=name.contains", "135"),
        ("limit_by=2", "01"),
        ("sort=-default_server_port&limit_by=2", "54"),
        ("sort=created_by", "024135"),
        ("unknown=1", ""),
        ("unknown.deeper=1", ""),
        ("name.deeper=1", ""),
        ("members.pool_ref.name=x", ""),
        ("cloud_ref.vtype=CLOUD_NONE", ""),
    ],
)
def test_filters(filled: client.Client, query: str, numbers: str) -> None:
    assert "".join(name[-1] for name in filled.names(f"pool?{query}")) == numbers


def test_references_by_uuid(filled: client.Client) -> None:
    pool = filled.get("pool?name=a--pool-0")["results"][0]
    group = filled.get("poolgroup")["results"][0]
    cloud = filled.get("cloud?name=c2")["results"][0]
    assert filled.names(f"poolgroup?refers_to=pool:{pool['uuid']}") == ["g"]
    assert filled.names(f"pool?referred_by=poolgroup:{group['uuid']}") == [pool["name"]]
    assert filled.names(f"cloud?referred_by=poolgroup:{group['uuid']}&depth=2") == ["Default-Cloud"]
    for query in (f"cloud_ref.uuid={cloud['uuid']}", f"cloud_uuid={cloud['uuid']}"):
        assert filled.names(f"pool?{query}") == ["b--pool-5"]
    assert filled.names(f"pool?cloud_ref={cloud['url']}") == ["b--pool-5"]
    uuids = f"{pool['uuid']},other"
    assert filled.names(f"pool?uuid.in={uuids}") == [pool["name"]]
    assert len(filled.names(f"pool?uuid.in={uuids}&exclude=uuid.in")) == 5


def test_a_filter_on_a_field_the_kind_does_not_have_gives_nothing(filled: client.Client) -> None:
    filled.post("stringgroup", {"name": "ako-a-1", "type": "SG_TYPE_STRING"})
    assert filled.names("stringgroup?name=ako-a-1") == ["ako-a-1"]
    for query in ("cloud_ref.name=Default-Cloud", "created_by=ako-a"):
        assert filled.get(f"stringgroup?{query}") == {"count": 0, "results": []}
    assert filled.get("user?label_key=a&label_value=b") == {"count": 0, "results": []}
    assert filled.get("user?password=x") == {"count": 0, "results": []}


def test_pages(filled: client.Client) -> None:
    page = filled.get("pool?page_size=4&created_by.contains=ako")
    assert (page["count"], len(page["results"])) == (6, 4)
    assert page["next"].startswith("https://controller/api/pool?")
    last = filled.get("/api/" + page["next"].partition("/api/")[2])
    assert (last["count"], len(last["results"])) == (6, 2)
    assert "next" not in last
    assert filled.get("pool?page=9")["results"] == []
    assert filled.refused("GET", "pool?page=x")[0] == 400
    for number in range(30):
        filled.post("ipaddrgroup", {"name": f"g{number}"})
    assert len(filled.get("ipaddrgroup")["results"]) == 25
    assert len(filled.get("ipaddrgroup?page_size=0")["results"]) == 1
    assert len(filled.get("ipaddrgroup?page_size=999")["results"]) == 30


def test_what_is_shown(filled: client.Client) -> None:
    pool = filled.get("pool?name=a--pool-0&fields=created_by,enabled")["results"][0]
    assert set(pool) == {"uuid", "name", "url", "created_by", "enabled"}
    pool = filled.get("pool?name=a--pool-0&skip_default")["results"][0]
    assert "lb_algorithm" not in pool
    assert pool["default_server_port"] == 8000


@pytest.mark.parametrize(
    ("profile", "expected"), [("30.2.2", "a--pool-0"), ("31.2.2", "b--pool-1")]
)
def test_a_repeated_parameter(
    make: Callable[..., client.Client], profile: str, expected: str
) -> None:
    admin = make(profile=profile)
    for name in ("a--pool-0", "b--pool-1"):
        admin.post("pool", {"name": name})
    assert admin.names("pool?name=a--pool-0&name=b--pool-1") == [expected]


@pytest.mark.parametrize("path", ["//api/pool", "/api/pool/", "//api//pool/"])
def test_slashes(filled: client.Client, path: str) -> None:
    assert filled.get(f"{path}?name=a--pool-0")["count"] == 1
    assert filled.call("POST", path, {"name": "new"}).status == 201


def test_service_users_are_hidden(admin: client.Client) -> None:
    body = {"name": "s", "password": "Long-enough-1", "service_user": True}
    admin.post("user", body)
    assert admin.names("user") == ["admin"]
    assert admin.names("user?include_service_accounts=true") == ["admin", "s"]
    assert admin.names("user?name=s") == []
    assert admin.names("user?name=s&include_service_accounts=true") == ["s"]


def test_singletons_ignore_queries(admin: client.Client) -> None:
    for path in ("cluster", "systemconfiguration", "controller/properties"):
        assert "uuid" in admin.get(f"{path}?name=other&page_size=3")
        assert admin.refused("POST", path, {"name": "x"})[0] == 405
    status, text = admin.refused("DELETE", "cluster/cluster-0-1")
    assert (status, text) == (405, """{"detail": "Method 'DELETE' not allowed."}""")


def test_what_is_not_there(admin: client.Client) -> None:
    response = admin.call("GET", "nonsense")
    assert (response.status, response.content_type) == (404, "text/html")
    assert admin.refused("DELETE", "pool")[0] == 405
    assert admin.call("GET", "/elsewhere").status == 404
