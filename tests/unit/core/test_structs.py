"""Structs and JSON: deterministic out, clear errors in."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from akoo_core import structs

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


class _Inner(structs.StrictStruct, frozen=True, kw_only=True):
    max_items: int = 3


class _Outer(structs.StrictStruct, frozen=True, kw_only=True):
    inner: _Inner = _Inner()
    names: tuple[str, ...] = ()


@given(st.lists(st.text()))
def test_plain_is_what_is_read_back(names: list[str]) -> None:
    """Else whoever compares the two writes for ever: a tuple is not equal to its list."""
    plain = structs.to_plain({"outer": _Outer(names=tuple(names)), "pair": (1, 2)})
    assert plain == structs.decode_json(structs.encode_json(plain))


@given(VALUES)
def test_json_round_trip(value: object) -> None:
    assert structs.decode_json(structs.encode_json(value)) == value


def test_equal_values_give_equal_bytes() -> None:
    assert structs.encode_json({"b": 1, "a": 2}) == structs.encode_json({"a": 2, "b": 1})


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"inner": {"maxItems": "x"}}, "settings.inner.maxItems"),
        ({"names": [1]}, "settings.names[0]"),
        ({"inner": {"maxitems": 1}}, "settings.inner"),
    ],
)
def test_errors_name_the_path(value: object, path: str) -> None:
    with pytest.raises(structs.DecodeError) as caught:
        structs.convert(value, _Outer, path="settings")
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({"a": None, "b": "", "c": {}, "d": {"e": {"f": None}}}, {}),
        ({"no": False, "zero": 0, "none": []}, {"no": False, "zero": 0, "none": []}),
        ({"names": ["", "a", None, {}]}, {"names": ["a"]}),
        ({"names": [""], "pools": [{"start": ""}]}, {}),
        ({"networks": [{"cidrs": []}]}, {"networks": [{"cidrs": []}]}),
    ],
)
def test_empty_shells_are_dropped_and_a_written_empty_list_is_kept(
    value: object, kept: object
) -> None:
    # As JSON, where false is not 0.
    assert structs.encode_json(structs.without_empty(value)) == structs.encode_json(kept)


def test_text_that_is_not_json() -> None:
    with pytest.raises(structs.DecodeError, match="not JSON"):
        structs.decode_json(b"<html>")


@given(VALUES)
@example("a \x85 b\u2028c \u2029")
@example({"\x7f\x9f": ["\ufeff", "\ufffe\uffff", "\U0001f600", '\0\t"\\\\']})
def test_a_reader_of_yaml_reads_the_value(value: object) -> None:
    encoded = structs.encode_yaml(value)
    assert yaml.safe_load(encoded) == value
    assert structs.decode_json(encoded) == value
