"""The life of a cluster out of Jaeger's JSON."""

from __future__ import annotations

from typing import Any

from akoo_core.traces import life


def _raw(
    trace: str,
    span: str,
    name: str,
    start: int,
    *,
    parent: str = "",
    duration: int = 1000,
    **tags: str,
) -> dict[str, Any]:
    references = [{"refType": "CHILD_OF", "traceID": trace, "spanID": parent}] if parent else []
    return {
        "traceID": trace,
        "spanID": span,
        "operationName": name,
        "references": references,
        "startTime": start,
        "duration": duration,
        "tags": [{"key": key.replace("__", "."), "value": value} for key, value in tags.items()],
    }


def _answer(*raw: dict[str, Any]) -> dict[str, Any]:
    return {"data": [{"spans": [one]} for one in raw]}


def test_a_verb_is_a_line_with_the_calls_below_it_counted() -> None:
    answer = _answer(
        _raw("t1", "c2", "avi GET cloud", 30, parent="v", akoo__system="avi"),
        _raw("t1", "a", "reconcile", 10, akoo__cluster="demo/shop"),
        _raw("t1", "c1", "avi GET cloud", 25, parent="v", akoo__system="avi"),
        _raw("t1", "c3", "avi POST stringgroup", 40, parent="v", akoo__system="avi"),
        _raw(
            "t1",
            "v",
            "prepare avi",
            20,
            parent="a",
            duration=42_000,
            akoo__verb="prepare",
            akoo__plugin="avi",
            akoo__result="done",
        ),
    )
    (line,) = life.lines(life.spans(answer))
    assert line.calls == (("GET cloud", 2), ("POST stringgroup", 1))
    assert life.render(line).split() == [
        "00:00:00.000",
        *("prepare", "avi", "42", "ms", "done"),
        *("GET", "cloud", "2,", "POST", "stringgroup", "1"),
    ]


def test_the_same_wait_again_is_folded_and_another_reason_is_not() -> None:
    def drain(trace: str, start: int, reason: str) -> dict[str, Any]:
        return _raw(
            trace,
            f"s{start}",
            "drain ako",
            start,
            akoo__verb="drain",
            akoo__plugin="ako",
            akoo__result="wait",
            akoo__reason=reason,
        )

    answer = _answer(drain("t1", 1, "A"), drain("t2", 2, "A"), drain("t3", 3, "B"))
    found = life.lines(life.spans(answer))
    assert [(one.reason, one.times) for one in found] == [("A", 2), ("B", 1)]


def test_done_is_never_folded() -> None:
    raw = [
        _raw("t", f"s{n}", "sweep avi", n, akoo__verb="sweep", akoo__result="done")
        for n in range(3)
    ]
    assert len(life.lines(life.spans(_answer(*raw)))) == 3


def test_nothing_is_no_life() -> None:
    assert life.lines(life.spans({"data": None})) == []
