"""The pytest plugin, in a run of its own with a bed that starts nothing."""

import os
import pathlib
import subprocess
import sys

_CONFTEST = """
import pytest

events = []


@pytest.fixture(scope="session")
def bed():
    events.append("bed starts")
    yield "bed"
    events.append("bed stops")


@pytest.fixture(scope="session")
def operator(bed):
    events.append("operator starts")
    yield
    events.append("operator stops")


@pytest.fixture(scope="session")
def apiserver():
    events.append("apiserver starts")
    yield
    events.append("apiserver stops")


@pytest.fixture
def seen():
    return events
"""

_TESTS = """
def test_first(operator, seen):
    assert seen == ["bed starts", "operator starts"]


def test_between(seen):
    assert seen[2:] == []


def test_last_of_the_bed(bed, apiserver, seen):
    assert seen[2:] == ["apiserver starts"]
    assert False, "a test that fails is a user, too"


def test_behind_it(seen):
    assert seen[3:] == ["operator stops", "bed stops", "apiserver stops"]


def test_asks_nevertheless(request, seen):
    request.getfixturevalue("bed")
    assert seen[6:] == ["bed starts"]


def test_deselected(bed):
    pass
"""


def test_processes_stop_behind_the_last_test_that_uses_them(tmp_path: pathlib.Path) -> None:
    (tmp_path / "conftest.py").write_text(_CONFTEST)
    (tmp_path / "test_users.py").write_text(_TESTS)
    options = ["-p", "akoo_testbed.pytest", "-p", "no:cacheprovider", "--deselect"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options, "test_users.py::test_deselected"],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 failed, 4 passed, 1 deselected" in done.stdout, done.stdout + done.stderr
    assert "FAILED test_users.py::test_last_of_the_bed" in done.stdout
