"""The Go that is used, and the message when there is none."""

import importlib.util
import pathlib

import pytest
from akoo_testbed import errors
from akoo_testbed.building import toolchain


def test_the_newest_go_line_decides() -> None:
    texts = ["module a\n\ngo 1.24.0\n", "module b\n\ngo 1.26\n", "module c\n"]
    assert toolchain.needed_version(texts) == (1, 26, 0)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("go1.26.8\n", (1, 26, 8)),
        ("go1.27rc1", (1, 27, 0)),
        ("go1.26", (1, 26, 0)),
        ("devel +abc", None),
    ],
)
def test_versions_as_go_tells_them(text: str, version: toolchain.Version | None) -> None:
    assert toolchain.parse_version(text) == version


@pytest.fixture
def machine(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A machine without any Go: neither on PATH nor as a wheel."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    return tmp_path


def put_go(folder: pathlib.Path, version: str) -> pathlib.Path:
    go = folder / "go"
    go.write_text(f"#!/bin/sh\necho {version}\n")
    go.chmod(0o755)
    return go


def test_a_recent_go_on_the_path_is_taken(machine: pathlib.Path) -> None:
    go = put_go(machine, "go1.26.1")
    assert toolchain.find_go((1, 26, 0)) == go


def test_an_old_go_is_named(machine: pathlib.Path) -> None:
    go = put_go(machine, "go1.22.3")
    with pytest.raises(errors.BuildError) as raised:
        toolchain.find_go((1, 26, 0))
    assert f"Go >= 1.26.0 is needed, {go} is 1.22.3. uv pip install" in str(raised.value)


def test_no_go_at_all_says_how_to_get_one(machine: pathlib.Path) -> None:
    with pytest.raises(errors.BuildError) as raised:
        toolchain.find_go((1, 26, 0))
    assert str(raised.value).startswith("Go >= 1.26.0 is needed and there is none. uv pip install")
    assert "\n" not in str(raised.value)
