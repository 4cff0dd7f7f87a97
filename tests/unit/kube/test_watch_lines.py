"""From chunks to events: whatever the chunks, the lines are the same."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core.kube import errors, resource, watch
from akoo_core.kube.request import ServerRequest

REQUEST = ServerRequest("watch", resource.SECRETS, "ns")


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=10))
def test_chunks_do_not_matter(data: bytes, cuts: list[int]) -> None:
    data = data.replace(b"\r", b"x")
    splitter = watch.LineSplitter()
    at = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    lines = [line for a, b in itertools.pairwise(at) for line in splitter.feed(data[a:b])]
    *whole, rest = data.split(b"\n")
    assert lines == [line for line in whole if line.strip()]
    assert splitter.pending == bool(rest.strip())


def test_a_line_has_a_limit() -> None:
    splitter = watch.LineSplitter(limit=10)
    assert list(splitter.feed(b"0123456789\n")) == [b"0123456789"]
    list(splitter.feed(b"01234"))
    with pytest.raises(errors.ServerError, match="longer than 10 bytes"):
        list(watch.lines_of(splitter, b"567890", REQUEST))


def test_an_event() -> None:
    line = b'{"type":"ADDED","object":{"kind":"PartialObjectMetadata","metadata":{"name":"s"}}}'
    event = watch.event_of(line, REQUEST)
    assert event.type == "ADDED"
    assert event.object == {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ('{"kind":"Status","code":410,"message":"too old"}', errors.GoneError),
        ('{"kind":"Status","code":403,"reason":"Forbidden"}', errors.ForbiddenError),
        ('{"kind":"Status","code":429}', errors.TooManyRequestsError),
        ('{"kind":"Status"}', errors.ServerError),
        ('{"kind":"Secret","data":{"password":"hunter2"}}', errors.ServerError),
    ],
)
def test_an_error_line_is_raised(status: str, error: type[errors.KubeError]) -> None:
    with pytest.raises(error) as caught:
        watch.event_of(f'{{"type":"ERROR","object":{status}}}'.encode(), REQUEST)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        b"<html>hunter2</html>",
        b'"hunter2"',
        b"[]",
        b"{}",
        b'{"type":"ADDED"}',
        b'{"type":"ADDED","object":"hunter2"}',
        b'{"type":"ERROR","object":null}',
        b'{"type":"HUNTER2","object":{"metadata":{}}}',
        b'{"type":"ADDED","object":{}}',
    ],
)
def test_what_is_no_event_is_not_quoted(line: bytes) -> None:
    with pytest.raises(errors.ServerError) as caught:
        watch.event_of(line, REQUEST)
    assert "hunter2" not in str(caught.value).lower()
