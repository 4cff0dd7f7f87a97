"""A tiny module, built by the real Go of this machine."""

import contextlib
import dataclasses
import pathlib
import re
import subprocess
from collections.abc import Callable, Iterator

import pytest
from akoo_testbed import errors
from akoo_testbed.building import gobuild, progress, recipes, toolchain

MAIN = 'package main\n\nvar version = "?"\n\nfunc main() { println("hello", version) }\n'


@pytest.fixture
def go() -> pathlib.Path:
    try:
        return toolchain.find_go((1, 24, 0))
    except errors.BuildError:
        pytest.skip("no Go here; what is built comes from the cache")


@pytest.fixture
def recipe(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> recipes.Recipe:
    monkeypatch.setattr(recipes, "MODULES_FOLDER", tmp_path / "modules")
    folder = tmp_path / "modules" / "hello"
    (folder / "config" / "crd").mkdir(parents=True)
    (folder / "go.mod").write_text("module example.com/hello\n\ngo 1.24.0\n")
    (folder / "main.go").write_text(MAIN)
    for name in ("config/crd/a.yaml", "config/one.yaml"):
        (folder / name).write_text(name)
        (folder / name).chmod(0o444)  # as in the module cache
    return recipes.Recipe(
        name="hello",
        packages=(("greet", "example.com/hello"),),
        ldflags="-X main.version=v7",
        data_module="example.com/hello",
        data=("config/crd", "config/one.yaml"),
    )


def test_binary_and_data(go: pathlib.Path, recipe: recipes.Recipe, tmp_path: pathlib.Path) -> None:
    gobuild.build(go, recipe, tmp_path / "out", progress.Silent())
    done = subprocess.run([tmp_path / "out/bin/greet"], capture_output=True, text=True, check=True)
    assert done.stderr == "hello v7\n"
    share = tmp_path / "out" / "share"
    files = sorted(str(path.relative_to(share)) for path in share.rglob("*.yaml"))
    assert files == ["config/crd/a.yaml", "config/one.yaml"]
    assert (share / "config/crd/a.yaml").stat().st_mode & 0o200


def test_only_the_binaries_that_are_wanted(
    go: pathlib.Path, recipe: recipes.Recipe, tmp_path: pathlib.Path
) -> None:
    gobuild.build(go, recipe, tmp_path / "out", progress.Silent(), binaries=())
    assert list((tmp_path / "out" / "bin").iterdir()) == []
    assert (tmp_path / "out" / "share" / "config" / "one.yaml").is_file()


def test_a_compiler_that_is_silent_for_long_is_reported_on(
    recipe: recipes.Recipe, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A linker prints nothing: the report comes all the same, from the silence."""
    reported = tmp_path / "reported"
    go = tmp_path / "go"
    wait = f"for i in $(seq 400); do test -e {reported} && break; sleep 0.05; done"
    go.write_text(f"#!/bin/sh\n{wait}\necho pkg >&2\n")
    go.chmod(0o755)
    monkeypatch.setattr(gobuild, "_SILENCE_SECONDS", 0.01)

    class Listener(progress.Silent):
        @contextlib.contextmanager
        def work(self, subject: str) -> Iterator[Callable[[str], None]]:
            yield show

    def show(text: str) -> None:
        texts.append(text)
        reported.touch()

    texts: list[str] = []
    plain = dataclasses.replace(recipe, data=())
    gobuild.build(go, plain, tmp_path / "out", Listener())
    assert re.fullmatch(r"greet: \d+ s, 0 packages compiled  ", texts[0])
    assert texts[-1].endswith("1 packages compiled  pkg")


def test_code_that_does_not_compile(
    go: pathlib.Path, recipe: recipes.Recipe, tmp_path: pathlib.Path
) -> None:
    (recipe.folder / "main.go").write_text("package main\n\nfunc main() { undefined() }\n")
    with pytest.raises(errors.BuildError, match=r"hello: go build failed: .*undefined: undefined"):
        gobuild.build(go, recipe, tmp_path / "out", progress.Silent())


def test_a_module_that_cannot_be_had(
    go: pathlib.Path,
    recipe: recipes.Recipe,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GOPROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "empty"))
    (recipe.folder / "go.mod").write_text(
        "module example.com/hello\n\ngo 1.24.0\n\nrequire example.com/dep v1.0.0\n"
    )
    (recipe.folder / "go.sum").write_text(
        "example.com/dep v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
        "example.com/dep v1.0.0/go.mod h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    )
    (recipe.folder / "main.go").write_text(
        'package main\n\nimport _ "example.com/dep"\n\nfunc main() {}\n'
    )
    with pytest.raises(errors.BuildError, match="hello: a Go module cannot be downloaded: "):
        gobuild.build(go, recipe, tmp_path / "out", progress.Silent())
