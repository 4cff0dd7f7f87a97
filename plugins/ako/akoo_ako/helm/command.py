"""``helm template``: one process, with nothing but the archive and the values.

It gets an empty environment, folders of its own, no input, and limits of CPU, files and output. It
is killed with its children when its time is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import resource
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from akoo_ako import names
from akoo_ako.helm.archive import PATH
from akoo_ako.refusals.refusal import Refusal
from akoo_core.plugin import external, structs

ARGUMENTS: Final = (
    *("template", names.STATEFUL_SET, "chart.tgz"),
    *("--namespace", names.NAMESPACE, "--values", "values.json"),
    *("--include-crds", "--no-hooks", "--skip-tests"),
)
SECONDS: Final = 20.0
CPU_SECONDS: Final = 20
FILE_BYTES: Final = 16 * 1024 * 1024
"""Of each file that helm may write."""
OPEN_FILES: Final = 256
LARGEST: Final = 8 * 1024 * 1024
"""Bytes of its output."""
_ERRORS: Final = 64 * 1024
_SHOWN: Final = 300
_CHUNK: Final = 65_536


class TemplateWork(NamedTuple):
    """The work for helm."""

    helm: str
    """Its file, or its name in PATH."""
    archive: bytes
    values: Mapping[str, Any]


async def template(work: TemplateWork, outside: external.External) -> str:
    """The output of ``helm template``. Raises Refusal."""
    program = find(work.helm)
    with _folder(work) as folder:
        try:
            call = outside.call("helm", "template", write=False, deadline_seconds=SECONDS)
            async with call:
                code, output, problem = await _run(program, folder)
        except TimeoutError:
            raise Refusal(
                "ChartTimeout",
                f"{PATH}: helm did not render the chart within {SECONDS:g} s and was stopped.",
            ) from None
    if len(output) > LARGEST:
        raise Refusal("ChartTooLarge", f"{PATH}: the chart renders to more than {LARGEST} bytes.")
    if code:
        why = _reason(problem) or f"it ended with {code}"
        raise Refusal("ChartNotRendered", f"{PATH}: helm cannot render the chart: {why}")
    return output.decode(errors="replace")


def find(helm: str) -> str:
    """The file of helm. Raises Refusal where the operator has none."""
    program = shutil.which(helm)
    if program is None:
        raise Refusal(
            "HelmMissing",
            f"{PATH}: the operator has no {helm}. Build its image with helm, or remove the chart: "
            "akoo-core renders the releases of AKO that it knows by itself.",
        )
    return program


@contextlib.contextmanager
def _folder(work: TemplateWork) -> Iterator[pathlib.Path]:
    """A folder with the archive and the values, which is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="akoo-helm-") as made:
        folder = pathlib.Path(made)
        (folder / "chart.tgz").write_bytes(work.archive)
        (folder / "values.json").write_bytes(structs.encode_yaml(work.values))
        yield folder


async def _run(program: str, folder: pathlib.Path) -> tuple[int, bytes, bytes]:
    process = await asyncio.create_subprocess_exec(
        program,
        *ARGUMENTS,
        cwd=folder,
        env=_environment(folder),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _limit(process.pid)
        output, problem = await asyncio.gather(
            _read(process.stdout, LARGEST, process), _read(process.stderr, _ERRORS, process)
        )
        return await process.wait(), output, problem
    finally:
        _kill(process)
        await process.wait()


def _environment(folder: pathlib.Path) -> dict[str, str]:
    """Nothing of the operator's: neither its credentials nor its configuration of helm."""
    every = ("HOME", "TMPDIR", "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")
    return dict.fromkeys(every, str(folder))


def _limit(pid: int) -> None:
    """Set the limits from outside: a function between fork and exec is not safe with threads."""
    limits = {
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_FSIZE: FILE_BYTES,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }
    with contextlib.suppress(ProcessLookupError):
        for kind, most in limits.items():
            resource.prlimit(pid, kind, (most, most))


async def _read(
    stream: asyncio.StreamReader | None, most: int, process: asyncio.subprocess.Process
) -> bytes:
    """All of the stream. A process that writes more is killed."""
    read = bytearray()
    while stream is not None and (chunk := await stream.read(_CHUNK)):
        read += chunk
        if len(read) > most:
            _kill(process)
            break
    return bytes(read)


def _kill(process: asyncio.subprocess.Process) -> None:
    """End the process and its children, if it still runs."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _reason(problem: bytes) -> str:
    """The last line of helm's errors, shortened."""
    lines = [line.strip() for line in problem.decode(errors="replace").splitlines()]
    last = next((line for line in reversed(lines) if line.startswith("Error:")), "")
    return (last.removeprefix("Error:").strip() or next(iter(reversed(lines)), ""))[:_SHOWN]
