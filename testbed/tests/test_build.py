"""One build at a time, whole or not at all, and errors that say what to do."""

import pathlib
import subprocess
import sys
import threading
from collections.abc import Iterable

import pytest
from akoo_testbed import errors
from akoo_testbed.building import build, buildtime, gobuild, progress, recipes, toolchain

GO = pathlib.Path("/usr/bin/env")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.setenv("AKOO_TESTBED_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("AKOO_TESTBED_JAEGER", raising=False)
    monkeypatch.setattr(toolchain, "find_go", lambda needed: GO)
    return tmp_path / "cache"


class FakeGo:
    """Takes the place of `gobuild.build`: counts, and waits until it is let go."""

    def __init__(self) -> None:
        self.calls = 0
        self.built: list[str] = []
        self.started = threading.Event()
        self.may_end = threading.Event()
        self.may_end.set()

    def __call__(
        self,
        go: pathlib.Path,
        recipe: recipes.Recipe,
        folder: pathlib.Path,
        report: progress.Progress,
        *,
        binaries: Iterable[str],
    ) -> None:
        self.calls += 1
        self.built += binaries
        (folder / "bin").mkdir(parents=True)
        self.started.set()
        assert self.may_end.wait(10)
        for name in binaries:
            (folder / "bin" / name).write_text("binary")


@pytest.fixture
def fake_go(monkeypatch: pytest.MonkeyPatch) -> FakeGo:
    fake = FakeGo()
    monkeypatch.setattr(gobuild, "build", fake)
    return fake


class Notes(progress.Silent):
    """Remembers what stays on the terminal."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []
        self.noted = threading.Event()

    def note(self, subject: str, text: str) -> None:
        self.notes.append(text)
        self.noted.set()


def test_what_is_built_is_not_built_again(fake_go: FakeGo) -> None:
    first = build.ensure(["etcd"], progress.Silent())
    second = build.ensure(["etcd"], progress.Silent())
    assert first.binary("etcd").read_text() == "binary"
    assert second == first
    assert fake_go.calls == 1


def test_a_second_run_waits_for_the_first_and_uses_its_result(fake_go: FakeGo) -> None:
    fake_go.may_end.clear()
    first = threading.Thread(target=build.ensure, args=(["etcd"], progress.Silent()))
    first.start()
    assert fake_go.started.wait(10)
    notes = Notes()
    second = threading.Thread(target=build.ensure, args=(["etcd"], notes))
    second.start()
    assert notes.noted.wait(10)
    fake_go.may_end.set()
    for thread in (first, second):
        thread.join(10)
    assert notes.notes == ["being built by another run, waiting for it", "built by the other run"]
    assert fake_go.calls == 1


def test_a_failed_build_leaves_nothing_and_the_next_one_builds(
    fake_go: FakeGo, monkeypatch: pytest.MonkeyPatch, own_cache: pathlib.Path
) -> None:
    def fail(
        go: pathlib.Path, recipe: recipes.Recipe, folder: pathlib.Path, _: object, **__: object
    ) -> None:
        (folder / "bin").mkdir(parents=True)
        raise errors.BuildError("no")

    with monkeypatch.context() as broken:
        broken.setattr(gobuild, "build", fail)
        with pytest.raises(errors.BuildError):
            build.ensure(["etcd"], progress.Silent())
    assert [path for path in own_cache.iterdir() if path.is_dir()] == []
    assert build.ensure(["etcd"], progress.Silent()).binary("etcd").is_file()


def test_what_a_killed_run_left_is_no_obstacle(fake_go: FakeGo, own_cache: pathlib.Path) -> None:
    folder = build.cached_folder(recipes.RECIPES["etcd"])
    (own_cache / f".{folder.name}.unfinished" / "bin").mkdir(parents=True)
    assert build.ensure(["etcd"], progress.Silent()).binary("etcd").is_file()


def test_a_binary_that_is_not_needed_is_built_when_it_is(fake_go: FakeGo) -> None:
    notes = Notes()
    first = build.ensure(["kubernetes"], notes, without=("kubectl",))
    assert fake_go.built == ["kube-apiserver", "kube-controller-manager"]
    assert notes.notes[0] == "2 binaries to build, once: " + buildtime.about(
        fake_go.built, buildtime.cores()
    )
    assert not first.binary("kubectl").exists()
    assert build.missing(["kubernetes"], without=("kubectl",)) == []
    assert build.missing(["kubernetes", "etcd"]) == ["kubernetes", "etcd"]
    first.binary("kube-apiserver").write_text("as it was")
    second = build.ensure(["kubernetes"], progress.Silent())
    assert second.binary("kubectl").exists()
    assert fake_go.built[2:] == ["kubectl"]
    assert second.binary("kube-apiserver").read_text() == "as it was"


@pytest.mark.parametrize("vcsim", [False, True])
def test_up_builds_what_it_starts(fake_go: FakeGo, vcsim: bool) -> None:
    built = build.for_up(progress.Silent(), vcsim=vcsim)
    assert built.binary("kubectl").exists(), "up names it"
    started = {"etcd", "kube-apiserver", "kube-controller-manager", "cluster-api", "jaeger"}
    assert set(fake_go.built) == started | {"kubectl"} | ({"vcsim"} if vcsim else set())


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(errors.BuildError, match=r'no recipe "etdc"\. There are: etcd, kubernetes'):
        build.ensure(["etdc"])


def test_a_binary_that_was_not_asked_for(fake_go: FakeGo) -> None:
    built = build.ensure(["etcd"], progress.Silent())
    with pytest.raises(errors.BuildError, match="jaeger is not among what was built: etcd"):
        built.binary("jaeger")


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (
            ["go: downloading x v1", 'x@v1: Get "https://proxy/": dial tcp: lookup proxy: no such'],
            "etcd: a Go module cannot be downloaded: x@v1: Get",
        ),
        (["pkg", "main.go:3: undefined: x"], "etcd: go build failed: pkg | main.go:3: undefined"),
        ([], "etcd: go build failed: go ended without a message"),
    ],
)
def test_a_failure_is_one_line_that_says_why(output: list[str], message: str) -> None:
    line = gobuild.failure("etcd", output)
    assert line.startswith(message)
    assert "\n" not in line


def test_the_command_says_where_what_is_built_is(fake_go: FakeGo) -> None:
    build.ensure(["etcd"], progress.Silent())
    command = [sys.executable, "-m", "akoo_testbed.cli", "build", "--only", "etcd"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == str(build.cached_folder(recipes.RECIPES["etcd"]))
