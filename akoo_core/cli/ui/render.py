"""HTML from templates. Every value is escaped; templates hold no logic of the product."""

from __future__ import annotations

import functools
import importlib.resources
from typing import Any

from akoo_core import errors
from akoo_core.traces import picture

STATIC = {"style.css": "text/css", "live.js": "text/javascript", "icon.svg": "image/svg+xml"}
"""The files that a page asks for, with their types."""


def page(template: str, **values: Any) -> str:
    """The text of a template. Raises AkooError without jinja2."""
    text: str = _environment().get_template(template).render(**values)
    return text


@functools.cache
def static(name: str) -> bytes:
    """The content of one of STATIC."""
    return importlib.resources.files(__package__).joinpath("static", name).read_bytes()


def style() -> Any:
    """The style sheet, to stand inside of a page."""
    from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2

    return Markup(static("style.css").decode())  # noqa: S704 - our own file


@functools.cache
def _environment() -> Any:
    try:
        import jinja2  # noqa: PLC0415 - only these commands need it
    except ImportError:
        raise errors.AkooError("pages need the package jinja2: pip install jinja2") from None
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("akoo_core.cli.ui"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["duration"] = picture.duration
    return environment
