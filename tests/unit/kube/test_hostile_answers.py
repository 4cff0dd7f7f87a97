"""Whatever a workload API answers is a value or a KubeError, within a budget of bytes and work."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import clock, structs
from akoo_core.kube import answers, budget, circuit, errors, resource, workloads
from akoo_core.kube.request import ServerRequest
from akoo_core.kube.watch import event_of
from akoo_core.telemetry import metrics
from tests import cpu
from tests.unit.kube.hostile_server import client_of, http, running

UID = "0b9d4c64-6d1b-4a79-9d3b-1c2a2f1f4c11"
MIB = 1024 * 1024


def namespace(**metadata: Any) -> bytes:
    """The namespace kube-system, as the body of an answer."""
    return structs.encode_json({"metadata": {"uid": UID} | metadata})


HOSTILE: dict[str, bytes] = {
    "empty object": http("{}"),
    "no uid": http('{"metadata":{"name":"kube-system"}}'),
    "no metadata": http('{"metadata":null}'),
    "metadata is a list": http('{"metadata":[]}'),
    "uid is a number": http('{"metadata":{"uid":7}}'),
    "uid is an object": http('{"metadata":{"uid":{"a":1}}}'),
    "uid is long": http('{"metadata":{"uid":"' + "a" * 65 + '"}}'),
    "uid is empty": http('{"metadata":{"uid":""}}'),
    "labels are a list": http(namespace(labels=[])),
    "labels hold numbers": http(namespace(labels={"a": 1})),
    "finalizers are text": http(namespace(finalizers="x")),
    "managers are numbers": http(namespace(managedFields=[1])),
    "deep list": http("[" * 100_000),
    "deep object": http('{"a":' * 100_000),
    "deep and complete": http(
        namespace(labels={})[:-1] + b',"x":' + b"[" * 500 + b"]" * 500 + b"}"
    ),
    "not UTF-8": http(b'{"metadata":{"uid":"\xff\xfe"}}'),
    "lone surrogate": http('{"metadata":{"uid":"\\ud800"}}'),
    "NaN": http('{"metadata":{"uid":NaN}}'),
    "huge integer": http('{"metadata":{"uid":' + "9" * 6000 + "}}"),
    "a list": http("[]"),
    "no JSON": http("<html>", Content_Type="text/html"),
    "nothing": b"HTTP/1.1 204 No Content\r\n\r\n",
    "a conflict": http('{"kind":"Status","code":409,"reason":"Conflict"}', "409 Conflict"),
    "404, details a list": http('{"kind":"Status","code":404,"details":[1]}', "404 Not Found"),
    "500, odd reason": http('{"kind":"Status","reason":{"a":1},"message":{"b":2}}', "500 X"),
    "a redirect": http("", "301 Moved", Location="http://169.254.169.254/"),
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
    "status 999": http("{}", "999 Odd"),
    "broken gzip": http("zzzz", Content_Encoding="gzip"),
    "unknown encoding": http("{}", Content_Encoding="br"),
    "broken chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    "long header": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 100_000,
    "no HTTP": b"SSH-2.0-OpenSSH\r\n\r\n",
    "too long": http(namespace(annotations={"x": "a" * MIB})),
    "too many values": http(namespace()[:-1] + b',"x":[' + b"[]," * 40_000 + b"0]}"),
    "gzip": http(gzip.compress(namespace()), Content_Encoding="gzip"),
}


@pytest.mark.parametrize("case", HOSTILE)
async def test_a_hostile_answer_is_a_kube_error(case: str) -> None:
    async with running(lambda _: HOSTILE[case]) as server, client_of(server) as kube:
        with pytest.raises(errors.KubeError):
            await workloads.kube_system_uid(kube)


async def test_a_good_answer_is_one() -> None:
    body = namespace(name="kube-system", labels=None, annotations={"x": "a" * (MIB - 200)})
    async with running(lambda _: http(body)) as server, client_of(server) as kube:
        assert await workloads.kube_system_uid(kube) == UID
        obj = await kube.get(resource.NAMESPACES, "kube-system")
        assert "labels" not in obj["metadata"]
        encodings = [line for line in server.requests[0] if line.startswith("Accept-Encoding")]
        assert encodings == ["Accept-Encoding: identity"]


@pytest.mark.parametrize("hint", ["0", "-1", "nan", "0.001"])
async def test_a_server_that_asks_to_be_asked_again_at_once_is_not(
    hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    pause = asyncio.sleep

    async def sleep(seconds: float) -> None:
        await pause(0)
        if seconds:
            slept.append(seconds)
        if seconds and len(slept) == 3:
            raise errors.UnreachableError("enough")

    monkeypatch.setattr("akoo_core.kube.caller.asyncio.sleep", sleep)
    answer = http("{}", "429 Too Many Requests", Retry_After=hint)
    async with running(lambda _: answer) as server, client_of(server) as kube:
        with pytest.raises(errors.UnreachableError):
            await kube.get(resource.NAMESPACES, "kube-system")
    assert slept == [1.0, 1.0, 1.0]


LISTS: dict[str, str] = {
    "items are text": '{"items":"x"}',
    "an item is a number": '{"items":[7]}',
    "an item has no metadata": '{"items":[{}]}',
    "an item has wrong labels": '{"items":[{"metadata":{"labels":[]}}]}',
    "metadata is a list": '{"metadata":[],"items":[]}',
    "the token is a number": '{"metadata":{"continue":7},"items":[]}',
    "a deep item": '{"items":[{"metadata":{"name":"a"},"x":' + "[" * 200 + "]" * 200 + "}]}",
}


@pytest.mark.parametrize("case", LISTS)
async def test_a_hostile_list_is_a_kube_error(case: str) -> None:
    async with running(lambda _: http(LISTS[case])) as server, client_of(server) as kube:
        with pytest.raises(errors.ServerError):
            await kube.list(resource.NAMESPACES)


async def test_lists_of_workload_clusters_are_asked_for_in_small_pages() -> None:
    async with running(lambda _: http('{"items":null}')) as server, client_of(server) as kube:
        assert (await kube.list(resource.NAMESPACES, limit=500)).items == []
        assert server.paths == ["/api/v1/namespaces?limit=100"]


async def test_status_codes_are_no_endless_set_of_labels() -> None:
    before = _codes()
    async with running(lambda _: http("{}", "999 Odd")) as server, client_of(server) as kube:
        with pytest.raises(errors.KubeError):
            await kube.get(resource.NAMESPACES, "kube-system")
    assert _codes() - before <= {"other"}


def _codes() -> set[str]:
    families = metrics.REST_REQUESTS.collect()
    return {sample.labels["code"] for family in families for sample in family.samples}


async def test_a_name_that_idna_does_not_take_opens_the_circuit() -> None:
    breaker = circuit.Circuit(clock.ManualClock())
    async with running(lambda _: http("{}")) as server:
        server.url = "https://a..b:6443"
        async with client_of(server, breaker) as kube:
            for _ in range(2):
                with pytest.raises(errors.UnreachableError):
                    await kube.get(resource.NAMESPACES, "kube-system")
    assert breaker.is_open


# Budgets.

SHAPES: dict[str, Callable[[int], bytes]] = {
    "empty lists": lambda n: b"[" + b"[]," * (n // 2) + b"0]",
    "small objects": lambda n: b"[" + b'{"":0},' * (n // 2) + b"0]",
    "nested objects": lambda n: (
        b"[" + (b'{"a":' * 30 + b"0" + b"}" * 30 + b",") * (n // 31) + b"0]"
    ),
    "nested lists": lambda n: b"[" + (b"[" * 30 + b"]" * 30 + b",") * (n // 31) + b"0]",
    "numbers with exponents": lambda n: b"[" + b"1e300," * n + b"0]",
    "numbers at the limit": lambda n: b"[" + b"1.7976931348623157e308," * min(n, 45_000) + b"0]",
    "long fractions": lambda n: b"[" + (b"0." + b"1" * 700 + b"e-300,") * 1480 + b"0]",
    "long integers": lambda n: b"[" + (b"9" * 4000 + b",") * 260 + b"0]",
    "field names": lambda n: b"{" + b",".join(b'"%d":0' % i for i in range(n)) + b"}",
    "texts": lambda n: b"[" + b'"\\u4e00",' * n + b"0]",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_worst_answer_within_the_budget_is_decoded_soon(shape: str) -> None:
    """50 ms on the machine of the figures; the bound here is for a slow one that is busy."""
    body = SHAPES[shape](budget.WORKLOAD.elements - 10)
    assert len(body) <= budget.WORKLOAD.object_bytes
    assert body.count(b",") + body.count(b"[") + body.count(b"{") <= budget.WORKLOAD.elements
    assert cpu.cpu_seconds(lambda: answers.value_of(body, budget.WORKLOAD)) < 0.5


def test_one_value_more_than_the_budget_is_refused_before_it_is_decoded() -> None:
    limit = budget.WORKLOAD.elements
    assert answers.value_of(b"[" + b"0," * (limit - 1) + b"0]", budget.WORKLOAD)
    with pytest.raises(structs.DecodeError, match="more than"):
        answers.value_of(b"[" + b"0," * limit + b"no JSON", budget.WORKLOAD)
    assert answers.value_of(b"[" + b"0," * limit + b"0]", budget.MANAGEMENT)


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
def test_depth_is_bounded(opening: str) -> None:
    closing = "".join({"[": "]", "{": "}"}.get(letter, "") for letter in reversed(opening))
    levels = len(closing)
    full = opening * (budget.DEPTH // levels) + "0" + closing * (budget.DEPTH // levels)
    assert answers.value_of(full.encode(), budget.WORKLOAD)
    for more in (1, 200, 5000):
        deeper = opening * more + full + closing * more
        with pytest.raises(structs.DepthError):
            answers.value_of(deeper.encode(), budget.WORKLOAD)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text('[]{}",\\ab', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("a{]", max_size=3), inner),
    max_leaves=20,
)


@given(JSON, st.sampled_from([1, 100, 127, 128, 129, 400, 3000]))
def test_what_is_too_deep_is_cut_off_and_the_rest_kept(inner: Any, levels: int) -> None:
    body = b'{"before":[1,"[{"],"deep":' + b"[" * levels + structs.encode_json(inner)
    body += b"]" * levels + b',"after":{"a":"}]"}}'
    value = answers.value_of(body, budget.MANAGEMENT)
    assert (value["before"], value["after"]) == ([1, "[{"], {"a": "}]"})
    assert _depth(value) <= budget.DEPTH + 1, "what is cut off leaves something empty"
    if levels == 1:
        assert value["deep"] == [inner]


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while level := [node for node in level if isinstance(node, dict | list)]:
        depth += 1
        level = [
            child for node in level for child in (node.values() if isinstance(node, dict) else node)
        ]
    return depth


@given(st.binary(max_size=40) | st.text('[]{}":,\\u0e1', max_size=40).map(str.encode))
def test_any_bytes_are_a_value_or_a_decode_error(body: bytes) -> None:
    for limits in (budget.WORKLOAD, budget.MANAGEMENT):
        try:
            answers.object_of(body, limits)
        except structs.DecodeError:
            continue


DEEP = b'{"metadata":{"name":"b"},"spec":{"x":%s%s},"z":1}' % (b"[" * 5000, b"]" * 5000)


async def test_one_deep_object_hides_no_other_of_the_management_cluster() -> None:
    """A tenant may write any depth into fields that keep what they do not know."""
    body = b'{"metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"a"}},%s]}' % DEEP
    listed = answers.page_of(body, budget.MANAGEMENT)
    items = [answers.object_of(bytes(raw), budget.MANAGEMENT) for raw in listed.items or ()]
    assert [item["metadata"]["name"] for item in items] == ["a", "b"]
    assert items[1]["z"] == 1
    event = event_of(
        b'{"type":"ADDED","object":%s}' % DEEP, ServerRequest("watch", resource.CLUSTERS)
    )
    assert event.object["z"] == 1


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b"[]",
        b"\xff",
        b"[" * 5000,
        b'{"type":[],"object":{}}',
        b'{"type":"ADDED","object":[]}',
        b'{"type":"ADDED","object":{}}',
        b'{"type":"ADDED","object":{"metadata":{"labels":7}}}',
        b'{"type":"ERROR","object":7}',
        b'{"type":"ERROR","object":{"kind":"Status","code":"x"}}',
        b'{"type":"OTHER","object":{"metadata":{}}}',
    ],
)
def test_a_hostile_line_of_a_watch_is_a_server_error(line: bytes) -> None:
    with pytest.raises(errors.ServerError):
        event_of(line, ServerRequest("watch", resource.NAMESPACES), budget.WORKLOAD)


@pytest.mark.parametrize(
    "path",
    ["/apis/../api/v1/secrets", "/version?x=1", "/a b", "/a%2fb", "version", "/", "/apis//x", ""],
)
async def test_paths_are_plain(path: str) -> None:
    async with running(lambda _: http("{}")) as server, client_of(server) as kube:
        with pytest.raises(errors.InvalidError):
            await kube.raw(path)
        assert await kube.raw("/apis/cluster.x-k8s.io/v1beta1") == {}
        assert server.paths == ["/apis/cluster.x-k8s.io/v1beta1"]


@pytest.mark.parametrize("name", ["..", ".", "a/b", "a%2fb", "a" * 254])
async def test_names_that_no_path_can_hold_are_refused(name: str) -> None:
    async with running(lambda _: http(namespace())) as server, client_of(server) as kube:
        with pytest.raises(errors.InvalidError):
            await kube.get(resource.SECRETS, name, "demo")
        with pytest.raises(errors.InvalidError):
            await kube.list(resource.SECRETS, name)
        with pytest.raises(errors.InvalidError):
            await kube.get(resource.SECRETS._replace(plural=name), "a", "demo")
        await kube.get(resource.SECRETS, "system:node ü", "demo")
        assert server.paths == ["/api/v1/namespaces/demo/secrets/system:node%20%C3%BC"]


async def test_a_name_that_another_server_gave_is_no_label() -> None:
    foreign = resource.Resource("a.example", "v1", "x" * 60, "X", discovered=True)
    assert ServerRequest("apply", foreign, "demo", "a", "status").operation == "apply other/status"
    assert ServerRequest("get", resource.SECRETS).operation == "get secrets"
