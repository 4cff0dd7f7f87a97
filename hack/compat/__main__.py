"""`python -m hack.compat [ROW...]`: plays the rows, one after the other; without names, all."""

from __future__ import annotations

import asyncio
import datetime
import platform
import sys
import time
from collections.abc import Sequence

from akoo_testbed import errors, kubeapi

import akoo_core
from akoo_core.sandbox import process, stage
from hack.compat import life, results, rows
from hack.compat.steps import Steps

FAILURES = (
    errors.TestbedError,
    stage.StoryError,
    process.OperatorError,
    kubeapi.ApiError,
    TimeoutError,
)

REASON = 160
"""Characters of a failure that a result keeps; the output has all of it."""


def main(names: Sequence[str]) -> int:
    """The exit code: 0 when all rows passed, 1 when one did not, 2 for a name that is none."""
    try:
        chosen = [rows.of(name) for name in names] or list(rows.ROWS)
    except KeyError as error:
        sys.stderr.write(f"{error.args[0]}\n")
        return 2
    passed = [_played(row) for row in chosen]
    sys.stdout.write("Now: make generate, for the page.\n")
    return 0 if all(passed) else 1


def _played(row: rows.Row) -> bool:
    """Play a row and append its result; True if it passed."""
    show = Steps()
    show.heading(row.name, f"Cluster API {row.cluster_api}, Kubernetes {row.kubernetes}")
    started, failed = time.monotonic(), ""
    try:
        asyncio.run(life.play(row, show))
    except FAILURES as error:
        failed = f"{show.running}: {str(error).splitlines()[0]}"[:REASON]
        show.line("\n".join([str(error), *getattr(error, "__notes__", [])]))
    results.append(
        results.Result(
            row=row.name,
            kubernetes=row.kubernetes,
            cluster_api=row.cluster_api,
            workload=rows.WORKLOAD,
            akoo_core=akoo_core.__version__,
            python=platform.python_version(),
            date=datetime.datetime.now(datetime.UTC).date().isoformat(),
            seconds=round(time.monotonic() - started, 1),
            steps=tuple(show.passed),
            failed=failed,
        )
    )
    return not failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
