"""The history of a cluster or object as one HTML file, which asks for nothing else."""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Callable
from typing import NamedTuple

from akoo_core import errors, structs
from akoo_core.cli.ui import cluster_page, histories, render


class Heading(NamedTuple):
    """The head of the file."""

    subject: str
    since: str
    service: str
    now: datetime.datetime


def text(answer: structs.JSON, heading: Heading, link: Callable[[str], str] | None) -> str:
    """The text of the file for an answer of Jaeger. ``link``: the address of a trace."""
    return render.page(
        "history.html",
        history=histories.history(answer, "There is no trace"),
        subject=heading.subject,
        since=heading.since,
        service=heading.service,
        now=cluster_page.stamp(heading.now),
        style=render.style(),
        link=link or (lambda _: ""),
    )


def write(
    file: pathlib.Path,
    answer: structs.JSON,
    heading: Heading,
    link: Callable[[str], str] | None = None,
) -> None:
    """Write the file. Raises InputError where it cannot be written."""
    content = text(answer, heading, link)
    try:
        file.write_text(content, encoding="utf-8")
    except OSError as error:
        raise errors.InputError(f"--html: cannot write {file}: {error.strerror}") from error
