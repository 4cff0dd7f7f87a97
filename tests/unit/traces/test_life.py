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
    return {"data": [{"spans": [span]} for span in raw]}


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
    lines = life.lines(life.spans(answer))
    assert [(line.reason, line.times) for line in lines] == [("A", 2), ("B", 1)]


def test_done_is_never_folded() -> None:
    raw = [
        _raw("t", f"s{n}", "sweep avi", n, akoo__verb="sweep", akoo__result="done")
        for n in range(3)
    ]
    assert len(life.lines(life.spans(_answer(*raw)))) == 3


def _attempt(start: int, *kinds: str, result: str = "done") -> list[dict[str, Any]]:
    """An attempt of a controller, with these calls; the last one writes if it begins with PUT."""
    trace = f"t{start}"
    root = _raw(
        trace,
        f"r{start}",
        "reconcile net-groups",
        start,
        akoo__object="Group/edge",
        akoo__verb="groups",
        akoo__plugin="net",
        akoo__result=result,
    )
    calls = [
        _raw(trace, f"c{start}{n}", f"dc {kind}", start + n, parent=f"r{start}", akoo__system="dc")
        for n, kind in enumerate(kinds, start=1)
    ]
    for call in calls:
        written = call["operationName"].startswith("dc PUT")
        call["tags"].append({"key": "akoo.write", "value": written})
    return [root, *calls]


def test_attempts_that_write_nothing_are_folded_and_others_are_not() -> None:
    answer = _answer(
        *_attempt(10, "GET group"),
        *_attempt(20, "GET group"),
        *_attempt(30, "GET group", "PUT group"),
        *_attempt(40, "PUT group"),
        *_attempt(50, "GET group", result="blocked"),
    )
    lines = life.lines(life.spans(answer))
    assert [(line.result, line.times, line.calls) for line in lines] == [
        ("done", 2, (("GET group", 2),)),
        ("done", 1, (("GET group", 1), ("PUT group", 1))),
        ("done", 1, (("PUT group", 1),)),
        ("blocked", 1, (("GET group", 1),)),
    ]
    assert {(line.verb, line.plugin) for line in lines} == {("groups", "net")}


def test_calls_are_counted_by_system_and_kind() -> None:
    other = _raw("t", "x", "kubernetes get pods", 90, akoo__system="kubernetes")
    answer = _answer(*_attempt(10, "PUT group", "GET group", "GET group"), other)
    counted = life.calls(life.spans(answer))
    assert [(system, list(kinds.items())) for system, kinds in counted.items()] == [
        ("dc", [("GET group", 2), ("PUT group", 1)]),
        ("kubernetes", [("get pods", 1)]),
    ]


def test_nothing_is_no_life() -> None:
    assert life.lines(life.spans({"data": None})) == []


DAY = 86_400_000_000


def test_a_page_has_days_and_links() -> None:
    answer = _answer(
        _raw("t1", "a", "prepare avi", 10, akoo__verb="prepare", akoo__result="done"),
        _raw("t2", "b", "deploy core", DAY, akoo__verb="deploy", akoo__result="done"),
        _raw("t3", "c", "sweep avi", DAY + 10, akoo__verb="sweep", akoo__result="done"),
    )
    lines = life.lines(life.spans(answer))
    rows = list(life.page(lines))
    assert [row for row in rows if row.endswith("(UTC)")] == [
        "1970-01-01 (UTC)",
        "1970-01-02 (UTC)",
    ]
    assert len(rows) == 5
    linked = list(life.page(lines, lambda trace: f"http://j/trace/{trace}"))
    assert [row.strip() for row in linked if "http" in row] == [
        f"http://j/trace/{trace}" for trace in ("t1", "t2", "t3")
    ]


def test_json_names_its_units() -> None:
    raw = _raw("t1", "a", "prepare avi", DAY + 1500, duration=42_500, akoo__verb="prepare")
    (line,) = life.lines(life.spans(_answer(raw)))
    plain = life.plain(line)
    assert plain["startedAt"] == "1970-01-02T00:00:00.001Z"
    assert plain["durationMs"] == 42.5
    assert plain["traceId"] == "t1"


def test_what_runs_still_is_a_line_until_its_end_is_known() -> None:
    running = _raw(
        "t1",
        "m",
        "sweep avi (still running)",
        20,
        parent="v",
        akoo__verb="sweep",
        akoo__result="running",
    )
    ended = _raw("t1", "v", "sweep avi", 20, akoo__verb="sweep", akoo__result="done")
    assert [line.result for line in life.lines(life.spans(_answer(running)))] == ["running"]
    assert [line.result for line in life.lines(life.spans(_answer(running, ended)))] == ["done"]


def test_a_tree() -> None:
    answer = _answer(
        _raw("t", "root", "reconcile record", 1000, duration=9000),
        _raw("t", "v", "sweep avi", 2000, parent="root", akoo__result="wait", akoo__reason="Held"),
        _raw("t", "c", "avi GET pool", 3000, parent="v", error__type="TimeoutError"),
        _raw("t", "lost", "of another parent", 4000, parent="gone"),
    )
    rows = [row[27:] for row in life.tree(life.spans(answer))]
    assert rows == [
        "reconcile record",
        "  sweep avi  wait Held",
        "    avi GET pool  TimeoutError",
        "of another parent",
    ]
