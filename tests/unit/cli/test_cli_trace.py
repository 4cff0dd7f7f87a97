"""`akoo-core trace`: which service it asks for, and what it says of a wrong address."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

from akoo_core.traces import jaeger
from tests.unit.cli.commands_world import CommandWorld

ANSWER = {
    "data": [
        {
            "spans": [
                {
                    "traceID": "t1",
                    "spanID": "s1",
                    "operationName": "sweep avi",
                    "startTime": 1_000_000,
                    "duration": 1000,
                    "tags": [{"key": "akoo.verb", "value": "sweep"}],
                }
            ]
        }
    ]
}


@pytest.fixture
def tags(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    searched: list[object] = []

    async def traces(_: str, tags: object, **__: object) -> dict[str, Any]:
        searched.append(tags)
        return ANSWER if len(searched) < 3 else {}

    monkeypatch.setattr(jaeger, "traces", traces)
    return searched


def test_of_a_cluster_or_of_an_object(world: CommandWorld, tags: list[object]) -> None:
    assert world("trace", "a/b")[0] == 0
    assert world("trace", "--kind", "VSpherePortGroup", "edge")[0] == 0
    code, _, err = world("trace", "--kind", "VSpherePortGroup", "lost")
    assert (code, "no trace of VSpherePortGroup lost" in err) == (1, True)
    assert tags == [
        {"akoo.cluster": "a/b"},
        {"akoo.object": "VSpherePortGroup/edge"},
        {"akoo.object": "VSpherePortGroup/lost"},
    ]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    services: list[str] = []

    async def traces(*_: object, service: str, **__: object) -> dict[str, Any]:
        services.append(service)
        return ANSWER if service != "empty" else {"data": []}

    monkeypatch.setattr(jaeger, "traces", traces)
    for variable in ("AKOO_TELEMETRY__SERVICE_NAME", "OTEL_SERVICE_NAME", "AKOO_CONFIG"):
        monkeypatch.delenv(variable, raising=False)
    return services


def test_the_service_is_that_of_the_operator(
    world: CommandWorld, asked: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("telemetry: {serviceName: akoo-file}")
    world("trace", "a/b")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "akoo-otel")
    world("trace", "a/b")
    world("--config", str(file), "trace", "a/b")
    monkeypatch.setenv("AKOO_TELEMETRY__SERVICE_NAME", "akoo-variable")
    world("--config", str(file), "trace", "a/b")
    world("trace", "a/b", "--service", "typed")
    assert asked == ["akoo-core", "akoo-otel", "akoo-file", "akoo-variable", "typed"]


def test_text_and_json(world: CommandWorld, asked: list[str]) -> None:
    text = world("trace", "a/b", "--links", "--jaeger", "http://j/")[1].splitlines()
    assert text[0] == "1970-01-01 (UTC)"
    assert text[2].strip() == "http://j/trace/t1"
    (line,) = json.loads(world("trace", "a/b", "-o", "json")[1])
    assert (line["traceId"], line["durationMs"]) == ("t1", 1.0)


def test_nothing_found_names_the_service(world: CommandWorld, asked: list[str]) -> None:
    code, _, err = world("trace", "a/b", "--service", "empty")
    assert (code, "under service empty" in err) == (1, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("a/b", "--jaeger", "localhost:16686"), "Give it as http://localhost:16686"),
        (("--tree", "xyz"), "'xyz' is not the id of a trace"),
        (("--tree", "abc", "--jaeger", "j:1"), "Give it as http://localhost:16686"),
        ((), "missing NAMESPACE/NAME"),
        (("shop",), "'shop' is not NAMESPACE/NAME"),
        (("--kind", "VSpherePortGroup"), "missing NAME of the object"),
    ],
)
def test_wrong_input(world: CommandWorld, words: tuple[str, ...], message: str) -> None:
    code, out, err = world("trace", *words)
    assert (code, out) == (2, "")
    assert message in err


def test_a_history_as_one_file_asks_for_nothing_else(
    world: CommandWorld, tags: list[object], tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "shop.html"
    code, out, _ = world("trace", "a/b", "--html", str(file))
    assert (code, out) == (0, f"wrote {file}\n")
    page = file.read_text()
    assert "<h1>a/b</h1>" in page
    assert "<svg" in page
    assert "1970-01-01 (UTC)" in page  # the same as text
    assert "default-src 'none'; style-src 'unsafe-inline'" in page
    assert "src=" not in page
    assert "href=" not in page
    code, _, _ = world("trace", "a/b", "--html", str(file), "--links")
    assert 'href="http://127.0.0.1:16686/trace/t1"' in file.read_text()


def test_a_file_that_cannot_be_written_is_an_input_error(
    world: CommandWorld, tags: list[object], tmp_path: pathlib.Path
) -> None:
    code, _, err = world("trace", "a/b", "--html", str(tmp_path / "none" / "shop.html"))
    assert (code, "--html: cannot write" in err) == (2, True)
