"""Runs `go build` for one recipe and copies the data files that come with its module."""

import json
import os
import pathlib
import queue
import shutil
import subprocess
import threading
import time
import typing
from collections.abc import Iterable, Iterator

from akoo_testbed import errors
from akoo_testbed.building import buildtime, progress, recipes

_MESSAGE_LINES = 4
_SILENCE_SECONDS = 1.0
_WITHOUT_DEBUG = "-gcflags=all=-dwarf=false"
"""The linker drops debug information (`-s -w`): the compiler spends an eighth of its time on it."""
_GARBAGE = "400"
"""GOGC of the compiler: less time for a sixth more memory."""
# What go says when a module cannot be had, as opposed to code that does not compile.
_DOWNLOAD_SIGNS = (
    "dial tcp",
    "lookup ",
    "proxyconnect",
    "i/o timeout",
    "module lookup disabled",
    "no such host",
    "404 Not Found",
    "410 Gone",
    "connection refused",
)


def build(
    go: pathlib.Path,
    recipe: recipes.Recipe,
    folder: pathlib.Path,
    report: progress.Progress,
    *,
    binaries: Iterable[str] | None = None,
) -> None:
    """Fill `folder` with `bin/` and `share/` of this recipe; with `binaries`, only these of
    `bin/`. Raises BuildError."""
    (folder / "bin").mkdir(parents=True)
    wanted = None if binaries is None else set(binaries)
    for name, package in recipe.packages:
        if wanted is not None and name not in wanted:
            continue
        about = buildtime.about([name], buildtime.cores())
        report.note(recipe.name, f"building {name}{about and ', '}{about}")
        output = folder / "bin" / name
        arguments = ["build", "-v", _WITHOUT_DEBUG, "-ldflags", recipe.ldflags]
        arguments += ["-o", str(output), package]
        _run(go, recipe, name, arguments, report)
    if recipe.data:
        _copy_data(go, recipe, folder / "share")


def _environment() -> dict[str, str]:
    return (
        {"GOGC": _GARBAGE}
        | os.environ
        | {
            "CGO_ENABLED": "0",
            "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false",
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
            "GOSUMDB": "off",  # readonly go.sum: whatever it lacks is an error, not a look-up
        }
    )


def _run(
    go: pathlib.Path,
    recipe: recipes.Recipe,
    binary: str,
    arguments: list[str],
    report: progress.Progress,
) -> None:
    """Run go; with -v it names on stderr each package that it compiles."""
    started = time.monotonic()
    tail: list[str] = []
    packages = 0
    with (
        report.work(recipe.name) as show,
        subprocess.Popen(
            [go, *arguments],
            cwd=recipe.folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stderr is not None  # noqa: S101 - for the type checker
        try:
            for line in _lines(process.stderr):
                if line is not None:
                    packages += 1
                    tail = [*tail[-20:], line.strip()]
                elapsed = buildtime.text(time.monotonic() - started)
                last = tail[-1] if tail else ""
                show(f"{binary}: {elapsed}, {packages} packages compiled  {last}")
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise errors.BuildError(failure(recipe.name, tail))


def _lines(stream: typing.IO[str]) -> Iterator[str | None]:
    """The lines of a stream until it ends, and None about once a second in which there is none: a
    linker says nothing for long."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        for line in stream:
            lines.put(line)
        lines.put(None)

    reader = threading.Thread(target=read, name="go-output", daemon=True)
    reader.start()
    while True:
        try:
            line = lines.get(timeout=_SILENCE_SECONDS)
        except queue.Empty:
            yield None
            continue
        if line is None:
            break
        yield line
    reader.join()


def failure(name: str, output: list[str]) -> str:
    """One line of what went wrong, from the last lines that go printed."""
    lines = [line for line in output if line][-_MESSAGE_LINES:]
    text = " | ".join(lines) or "go ended without a message"
    for line in reversed(lines):
        if any(sign in line for sign in _DOWNLOAD_SIGNS):
            return (
                f"{name}: a Go module cannot be downloaded: {line}. "
                "Set GOPROXY to a proxy that this machine reaches (go env GOPROXY shows it)"
            )
    return f"{name}: go build failed: {text}"


def _copy_data(go: pathlib.Path, recipe: recipes.Recipe, share: pathlib.Path) -> None:
    listed = subprocess.run(
        [go, "list", "-m", "-json", recipe.data_module],
        cwd=recipe.folder,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        raise errors.BuildError(failure(recipe.name, listed.stderr.splitlines()))
    source = pathlib.Path(json.loads(listed.stdout)["Dir"]) / recipe.data_folder
    for entry in recipe.data:
        target = share / entry
        target.parent.mkdir(parents=True, exist_ok=True)
        if (source / entry).is_dir():
            # The module cache is read-only; copyfile leaves those modes behind.
            shutil.copytree(source / entry, target, copy_function=shutil.copyfile)
            target.chmod(0o755)
        else:
            shutil.copyfile(source / entry, target)
