"""The history of a cluster's life in Jaeger: attempts as roots, links, verbs, plugins,
HTTP calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
from click.testing import CliRunner

from akoo_core import structs
from akoo_core.cli.trace import trace
from akoo_core.sandbox import process
from akoo_core.traces import life
from tests.e2e.conftest import BedScene

SECONDS = 15.0


async def test_the_life_of_a_cluster_can_be_read(
    scene: BedScene, operator: process.OperatorProcess
) -> None:
    await scene.config()
    await scene.cluster()
    record = await scene.record(phase="Running")
    name = record["metadata"]["name"]
    await scene.delete()
    await scene.gone()
    finished = await scene.until_record(name, phase="Finished")

    bed = scene.bed.bed
    assert bed.jaeger is not None
    cluster = f"{scene.namespace}/shop"
    spans = await _spans(bed.jaeger.query_url, cluster, lambda all_: _has(all_, "finish"))
    lines = [(line.verb, line.plugin) for line in life.lines(spans)]
    for wanted in (
        ("create-record", "core"),
        ("add-finalizers", "core"),
        ("deploy", "core"),
        ("observe", "ako"),
        ("start-leaving", "core"),
        ("drain", "ako"),
        ("fence", "ako"),
        ("let-go", "core"),
        ("release-cluster", "core"),
        ("finish", "core"),
    ):
        assert wanted in lines, lines
    order = [verb for verb, _ in lines]
    assert order.index("create-record") < order.index("deploy") < order.index("let-go")

    roots = [span for span in spans if not span.parent]
    assert {root.name for root in roots} == {"reconcile record"}
    assert all(root.tags["akoo.record"] == name for root in roots)
    assert len({root.tags["akoo.operation.id"] for root in roots}) >= 2, "lives and leaves"
    traces = {root.trace for root in roots}
    assert any(set(root.links) & traces for root in roots), "attempts link to earlier attempts"
    assert any(root.tags.get("akoo.causes") for root in roots)

    by_id = {(span.trace, span.id): span for span in spans}
    calls = [span for span in spans if span.tags.get("akoo.system") == "workload"]
    assert any(call.name.startswith("workload apply") for call in calls)
    for call in calls:
        above = by_id[call.trace, call.parent]
        assert above.tags.get("akoo.verb") or not above.parent, above.name
    await _commands(bed.jaeger.query_url, cluster, str(finished["status"]["lastTraceId"]), traces)


async def _commands(url: str, cluster: str, last: str, traces: set[str]) -> None:
    """`akoo-core trace` prints the same life; the record's last trace is one of it."""
    assert last in traces
    run = CliRunner().invoke
    result = await asyncio.to_thread(run, trace, [cluster, "--jaeger", url])
    assert result.exit_code == 0, result.output
    assert "let-go" in result.output
    result = await asyncio.to_thread(run, trace, ["no/such", "--jaeger", url])
    assert "has no trace of no/such" in str(result.exception)


async def _spans(
    url: str, cluster: str, enough: Callable[[list[life.JaegerSpan]], bool]
) -> list[life.JaegerSpan]:
    """The spans of a cluster once they say ``enough``: they travel in batches."""
    query = {
        "service": "akoo-core",
        "tags": structs.encode_json({"akoo.cluster": cluster}).decode(),
        "limit": "500",
    }
    async with asyncio.timeout(SECONDS), aiohttp.ClientSession(trust_env=False) as session:
        while True:
            async with session.get(f"{url}/api/traces", params=query) as answer:
                answered: dict[str, Any] = structs.decode_json(await answer.read())
            spans = life.spans(answered)
            if enough(spans):
                return spans
            await asyncio.sleep(0.2)


def _has(spans: list[life.JaegerSpan], verb: str) -> bool:
    return any(span.tags.get(life.STEP) == verb for span in spans)
