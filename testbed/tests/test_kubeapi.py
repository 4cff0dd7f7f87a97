"""The Kubernetes client against a scripted server: outages, expired versions, refusals."""

import asyncio
import collections.abc
import contextlib
import json

import pytest
import yaml
from aiohttp import web
from akoo_testbed.kube import kuberest
from akoo_testbed.kubeapi import ApiError, KubeApi, Object
from akoo_testbed.process import ports

KIND = "v1/ConfigMap"
RESOURCES = {"resources": [{"name": "configmaps", "kind": "ConfigMap", "namespaced": True}]}


def item(name: str, version: int, uid: str = "") -> Object:
    metadata = {"name": name, "namespace": "ns", "resourceVersion": str(version)}
    return {"metadata": metadata | {"uid": uid or f"uid-{name}"}}


def listed(version: int, *items: Object) -> Object:
    return {"metadata": {"resourceVersion": str(version)}, "items": list(items)}


def changed(kind: str, obj: Object) -> Object:
    return {"type": kind, "object": obj}


EXPIRED = {"type": "ERROR", "object": {"code": 410, "reason": "Expired"}}


class Script:
    """Answers to lists and watches, in order; the last watch is silent until it is over."""

    def __init__(self) -> None:
        self.lists: list[Object | int] = []
        self.watches: list[list[Object]] = []
        self.versions: list[str] = []
        self.over = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/api/v1":
            return web.json_response(RESOURCES)
        if "watch" not in request.query:
            answer = self.lists.pop(0)
            return (
                web.Response(status=answer)
                if isinstance(answer, int)
                else web.json_response(answer)
            )
        self.versions.append(request.query["resourceVersion"])
        response = web.StreamResponse()
        await response.prepare(request)
        for event in self.watches.pop(0):
            await response.write(json.dumps(event).encode() + b"\n")
        if not self.watches:
            await self.over.wait()
        return response


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
async def api(script: Script) -> collections.abc.AsyncIterator[KubeApi]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", script.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = ports.pick()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    cluster = {"server": f"http://127.0.0.1:{port}"}
    config = {"clusters": [{"cluster": cluster}], "users": [{"user": {"token": "canary"}}]}
    async with KubeApi(yaml.safe_dump(config)) as client:
        yield client
    script.over.set()
    await runner.cleanup()
    ports.release(port)


async def first(api: KubeApi, count: int) -> list[tuple[str, str]]:
    """Type and name of the first events of a watch."""
    seen = []
    async with asyncio.timeout(10), contextlib.aclosing(api.watch(KIND)) as events:
        async for event in events:
            seen.append((event.type, event.object.get("metadata", {}).get("name", "")))
            if len(seen) == count:
                return seen
    raise AssertionError("a watch does not end")


async def test_an_expired_version_is_listed_again_and_the_difference_told(
    script: Script, api: KubeApi
) -> None:
    script.lists = [
        listed(10, item("a", 1), item("b", 2), item("same", 3), item("reborn", 4, "old")),
        listed(20, item("b", 15), item("c", 16), item("same", 3), item("reborn", 17, "new")),
    ]
    script.watches = [[changed("MODIFIED", item("a", 11)), EXPIRED], []]
    assert await first(api, 12) == [
        ("ADDED", "a"),
        ("ADDED", "b"),
        ("ADDED", "same"),
        ("ADDED", "reborn"),
        ("SYNCED", ""),
        ("MODIFIED", "a"),
        ("DELETED", "a"),
        ("DELETED", "reborn"),
        ("MODIFIED", "b"),
        ("ADDED", "c"),
        ("ADDED", "reborn"),
        ("SYNCED", ""),
    ]


async def test_a_watch_that_ends_goes_on_from_the_last_version(
    script: Script, api: KubeApi
) -> None:
    script.lists = [listed(10)]
    bookmark = changed("BOOKMARK", {"metadata": {"resourceVersion": "30"}})
    script.watches = [
        [changed("ADDED", item("a", 11)), bookmark],
        [changed("DELETED", item("a", 31))],
        [],
    ]
    assert await first(api, 3) == [("SYNCED", ""), ("ADDED", "a"), ("DELETED", "a")]
    assert script.versions == ["10", "30"]


async def test_a_server_that_cannot_answer_is_asked_again(script: Script, api: KubeApi) -> None:
    script.lists = [503, 503, listed(10, item("a", 1))]
    script.watches = [[]]
    assert await first(api, 2) == [("ADDED", "a"), ("SYNCED", "")]


async def test_waiting_ends_with_what_was_seen_but_no_data(script: Script, api: KubeApi) -> None:
    canary = item("a", 1) | {"data": {"password": "canary"}, "status": {"phase": "Odd"}}
    script.lists = [listed(10, canary)]
    script.watches = [[]]
    with pytest.raises(TimeoutError, match=r"v1/ConfigMap ns/a .*'phase': 'Odd'") as caught:
        await api.wait_for(KIND, "ns", "a", lambda obj: obj is None, 0.3)
    assert "canary" not in str(caught.value)


async def test_waiting_for_absence_ends_with_the_first_list(script: Script, api: KubeApi) -> None:
    script.lists = [listed(10)]
    script.watches = [[]]
    assert await api.wait_for(KIND, "ns", "a", lambda obj: obj is None, 5) is None


async def test_a_body_that_is_no_status_is_not_quoted(script: Script, api: KubeApi) -> None:
    script.lists = [502]
    with pytest.raises(ApiError, match="no Kubernetes Status") as caught:
        await api.list(KIND)
    assert caught.value.status == 502
    with pytest.raises(ApiError, match="serves no kind v1/Nothing"):
        await api.list("v1/Nothing")


def test_a_body_is_read_as_yaml() -> None:
    body = {"k": "a \x85 b\u2028c \x7f\uffff\U0001f600"}
    encoded = kuberest.encoded(body)
    assert yaml.safe_load(encoded) == body
    assert json.loads(encoded) == body
