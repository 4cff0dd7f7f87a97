"""The stages of deploy/image/Dockerfile."""

from __future__ import annotations

import pathlib

IMAGE = pathlib.Path(__file__).parents[1] / "deploy/image"


def stages() -> dict[str, str]:
    """The text of each stage by its first line, without FROM."""
    _, *texts = (IMAGE / "Dockerfile").read_text().split("\nFROM ")
    return {text.partition("\n")[0]: text.partition("\n")[2] for text in texts}


def copies() -> list[tuple[list[str], str]]:
    """(sources, target) of each COPY of the build stage."""
    lines = [line.split() for line in stages()["python AS build"].splitlines()]
    return [(line[1:-1], line[-1]) for line in lines if line and line[0] == "COPY"]
