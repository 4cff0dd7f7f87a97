"""Builds what the test bed runs, once per content of `modules/`, into the cache.

A cached folder is complete or absent: a build works in a folder beside it, which is renamed into
place at the end, and a lock file makes a second run wait for the first and then use its result.
"""

import contextlib
import dataclasses
import fcntl
import pathlib
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping

from akoo_testbed import cache, errors, gobuild, progress, recipes, toolchain


@dataclasses.dataclass(frozen=True, slots=True)
class Built:
    """The cached folder of each recipe: `bin/` and `share/` below it."""

    folders: Mapping[str, pathlib.Path]

    def binary(self, name: str) -> pathlib.Path:
        """Path of a binary, for example "kube-apiserver". Raises BuildError if not built here."""
        for recipe in recipes.RECIPES.values():
            if recipe.name in self.folders and name in dict(recipe.packages):
                return self.folders[recipe.name] / "bin" / name
        raise errors.BuildError(f"{name} is not among what was built: {', '.join(self.folders)}")

    def share(self, recipe: str) -> pathlib.Path:
        """Folder of the data files that a recipe took from its module."""
        return self.folders[recipe] / "share"


def ensure(
    names: Iterable[str] = recipes.DEFAULT, report: progress.Progress | None = None
) -> Built:
    """Build what is not in the cache yet and say where everything is.

    Blocks for minutes when cold. Raises BuildError; what was built before it stays.
    """
    wanted = [_recipe(name) for name in names]
    report = report or progress.Progress()
    folders = {recipe.name: cached_folder(recipe) for recipe in wanted}
    missing = [recipe for recipe in wanted if not folders[recipe.name].is_dir()]
    if missing:
        go_mods = [(recipe.folder / "go.mod").read_text() for recipe in missing]
        go = toolchain.find_go(toolchain.needed_version(go_mods))
        for recipe in missing:
            _build_once(go, recipe, folders[recipe.name], report)
    return Built(folders)


def missing_recipes() -> list[str]:
    """Names of what is not in the cache yet."""
    return [name for name in recipes.DEFAULT if not cached_folder(_recipe(name)).is_dir()]


def cached_folder(recipe: recipes.Recipe) -> pathlib.Path:
    """The folder of this recipe's result, built or not."""
    return cache.cache_folder() / f"{recipe.name}-{recipes.key(recipe)}"


def _recipe(name: str) -> recipes.Recipe:
    if name not in recipes.RECIPES:
        raise errors.BuildError(f'no recipe "{name}". There are: {", ".join(recipes.RECIPES)}')
    return recipes.RECIPES[name]


def _build_once(
    go: pathlib.Path, recipe: recipes.Recipe, folder: pathlib.Path, report: progress.Progress
) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_name(f".{folder.name}.lock"), recipe.name, report):
        if folder.is_dir():
            report.note(recipe.name, "built by the other run")
            return
        unfinished = folder.with_name(f".{folder.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        started = time.monotonic()
        try:
            gobuild.build(go, recipe, unfinished, report)
            unfinished.replace(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        report.note(recipe.name, f"built in {time.monotonic() - started:.0f} s")


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
