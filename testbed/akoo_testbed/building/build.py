"""Builds what the test bed runs, once per content of `modules/`, into the cache.

A file in a cached folder is complete or absent: a build works in a folder beside it, which is
renamed into place at the end, and a lock file makes a second run wait for the first and then use
its result. Binaries that a run did not need come into the folder when another run does.
"""

import contextlib
import dataclasses
import fcntl
import os
import pathlib
import shutil
import time
import typing
from collections.abc import Collection, Iterable, Iterator, Mapping

from akoo_testbed import errors
from akoo_testbed.building import buildtime, cache, gobuild, progress, recipes, toolchain

OWN: typing.Final = {"jaeger": "AKOO_TESTBED_JAEGER"}
"""Binaries that a person may have, and the variable that names each. They are not built then."""


def own(name: str) -> pathlib.Path | None:
    """The binary of this name that a variable of OWN names. Raises BuildError if it is none."""
    variable = OWN.get(name, "")
    if not (place := os.environ.get(variable)):
        return None
    path = pathlib.Path(place).absolute()
    if not os.access(path, os.X_OK) or path.is_dir():
        raise errors.BuildError(f"{variable} is {place}, which is not a program")
    return path


@dataclasses.dataclass(frozen=True, slots=True)
class Built:
    """The cached folder of each recipe: `bin/` and `share/` below it."""

    folders: Mapping[str, pathlib.Path]

    def binary(self, name: str, recipe: str = "") -> pathlib.Path:
        """Path of a binary, for example "kube-apiserver". Raises BuildError if not built here.

        `recipe` chooses among several releases; by default it is the first that has the binary.
        """
        if (program := own(name)) is not None:
            return program
        for built in recipes.RECIPES.values():
            wanted = recipe in ("", built.name) and built.name in self.folders
            if wanted and name in dict(built.packages):
                return self.folders[built.name] / "bin" / name
        raise errors.BuildError(f"{name} is not among what was built: {', '.join(self.folders)}")

    def with_(self, other: "Built") -> "Built":
        """Both together."""
        return Built({**self.folders, **other.folders})

    def share(self, recipe: str) -> pathlib.Path:
        """Folder of the data files that a recipe took from its module."""
        return self.folders[recipe] / "share"


def ensure(
    names: Iterable[str] = recipes.DEFAULT,
    report: progress.Progress | None = None,
    *,
    without: Collection[str] = (),
) -> Built:
    """Build what is not in the cache yet and say where everything is.

    `without` names binaries that are not needed now: what is missing of them stays so. Blocks for
    minutes when cold. Raises BuildError; what was built before it stays.
    """
    wanted = [_recipe(name) for name in names]
    report = report or progress.Progress()
    folders = {recipe.name: cached_folder(recipe) for recipe in wanted}
    missing = {
        recipe: binaries for recipe in wanted if (binaries := _missing(recipe, without)) is not None
    }
    if missing:
        go_mods = [(recipe.folder / "go.mod").read_text() for recipe in missing]
        go = toolchain.find_go(toolchain.needed_version(go_mods))
        _announce(missing, report)
        for recipe in missing:
            _build_once(go, recipe, without, report)
    return Built(folders)


def for_up(report: progress.Progress | None = None, *, vcsim: bool) -> Built:
    """Build what `akoo-testbed up` starts and names. Raises BuildError."""
    names = [name for name in recipes.DEFAULT if vcsim or name != "vcsim"]
    return ensure(names, report, without=("clusterctl",))


def missing(names: Iterable[str], *, without: Collection[str] = ()) -> list[str]:
    """Names of the recipes of which something is not in the cache yet."""
    return [name for name in names if _missing(_recipe(name), without) is not None]


def _missing(recipe: recipes.Recipe, without: Collection[str]) -> tuple[str, ...] | None:
    """The binaries to build; none, where only the data files are missing; None for nothing."""
    folder = cached_folder(recipe)
    names = [name for name, _ in recipe.packages if name not in without]
    names = [name for name in names if own(name) is None]
    if not names and not recipe.data:
        return None
    absent = tuple(name for name in names if not (folder / "bin" / name).exists())
    return absent if absent or not folder.is_dir() else None


def _announce(missing: Mapping[recipes.Recipe, tuple[str, ...]], report: progress.Progress) -> None:
    """Say how long all of it takes, where it is more than one binary."""
    binaries = [name for names in missing.values() for name in names]
    about = buildtime.about(binaries, buildtime.cores())
    if len(binaries) > 1:
        report.note("test bed", f"{len(binaries)} binaries to build, once{about and ': '}{about}")


def cached_folder(recipe: recipes.Recipe) -> pathlib.Path:
    """The folder of this recipe's result, built or not."""
    return cache.cache_folder() / f"{recipe.name}-{recipes.key(recipe)}"


def _recipe(name: str) -> recipes.Recipe:
    if name not in recipes.RECIPES:
        raise errors.BuildError(f'no recipe "{name}". There are: {", ".join(recipes.RECIPES)}')
    return recipes.RECIPES[name]


def _build_once(
    go: pathlib.Path, recipe: recipes.Recipe, without: Collection[str], report: progress.Progress
) -> None:
    folder = cached_folder(recipe)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_name(f".{folder.name}.lock"), recipe.name, report):
        binaries = _missing(recipe, without)
        if binaries is None:
            report.note(recipe.name, "built by the other run")
            return
        unfinished = folder.with_name(f".{folder.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        started = time.monotonic()
        try:
            gobuild.build(go, recipe, unfinished, report, binaries=binaries)
            _put_in_place(unfinished, folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        took = buildtime.text(time.monotonic() - started)
        report.note(recipe.name, f"built in {took}")


def _put_in_place(unfinished: pathlib.Path, folder: pathlib.Path) -> None:
    """Make `folder` of what was built; where it exists, the binaries that it lacks go there."""
    if not folder.is_dir():
        unfinished.replace(folder)
        return
    for binary in (unfinished / "bin").iterdir():
        binary.replace(folder / "bin" / binary.name)


@contextlib.contextmanager
def _locked(path: pathlib.Path, name: str, report: progress.Progress) -> Iterator[None]:
    """Hold an exclusive lock on this file; the kernel drops it when its holder dies."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report.note(name, "being built by another run, waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
