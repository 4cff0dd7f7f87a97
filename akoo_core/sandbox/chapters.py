"""The chapters of the selected plugins: loaded, checked, and called in order."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from akoo_testbed.bed import BedOptions
from akoo_testbed.openbao import OpenBaoOptions
from akoo_testbed.vcsim import VcsimOptions

from akoo_core import errors
from akoo_core.plugin import api
from akoo_core.plugin.errors import describe
from akoo_core.testing.chapters import Chapter, Stage, Trouble
from akoo_core.testing.memory import patch

Moment = Literal["opening", "living", "leaving", "closing", "traced"]
IN_REVERSE: tuple[Moment, ...] = ("leaving", "closing")
"""The moments at which the chapter of the last plugin comes first."""

PARTS = {"vcsim": "vCenter simulator", "openbao": "OpenBao"}
"""The parts of the test bed that a chapter may need, with their names for people."""

Chapters = tuple[Chapter, ...]
Loaded = dict[str, Chapter]
"""Chapters by the names of their plugins, in the order of plugins."""


def of(plugins: Mapping[str, type[api.Plugin]]) -> Loaded:
    """The chapters of the plugins. Raises InputError."""
    return {name: _load(name, kind) for name, kind in plugins.items() if kind.chapter}


def _load(plugin: str, kind: type[api.Plugin]) -> Chapter:
    place = kind.chapter
    module, _, name = place.partition(":")
    try:
        chapter = getattr(importlib.import_module(module), name)
    except Exception as error:
        raise errors.InputError(
            f"chapter {place} of plugin {plugin} cannot be loaded: {describe(error)}"
        ) from error
    if not isinstance(chapter, Chapter):
        raise errors.InputError(
            f"chapter {place} of plugin {plugin} is a {type(chapter).__name__}, no Chapter"
        )
    unknown = [part for part in chapter.needs if part not in PARTS]
    if unknown:
        raise errors.InputError(
            f"chapter {place} of plugin {plugin} needs {', '.join(unknown)}. The test bed has "
            f"{', '.join(PARTS)}."
        )
    return chapter


def needed(chapters: Iterable[Chapter]) -> tuple[str, ...]:
    """The parts that the chapters need, each once, in the order of PARTS. Pure."""
    wanted = {part for chapter in chapters for part in chapter.needs}
    return tuple(part for part in PARTS if part in wanted)


def with_parts(options: BedOptions, parts: Iterable[str]) -> BedOptions:
    """The options of a bed that has these parts, too. Pure."""
    wanted = set(parts)
    return dataclasses.replace(
        options,
        vcsim=VcsimOptions() if "vcsim" in wanted else options.vcsim,
        openbao=OpenBaoOptions() if "openbao" in wanted else options.openbao,
    )


def settings(chapters: Loaded, stage: Stage) -> dict[str, Any]:
    """``plugins`` of the operator's settings, as the chapters ask for them."""
    return {
        name: dict(chapter.settings(stage))
        for name, chapter in chapters.items()
        if chapter.settings is not None
    }


def trouble(chapters: Iterable[Chapter], default: Trouble) -> Trouble:
    """The misfortune of AKO at the deletion. Pure."""
    named = (chapter.trouble for chapter in chapters)
    return next((each for each in named if each is not None), default)


def config(chapters: Iterable[Chapter], stage: Stage, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the story's config, changed by the merge patches of the chapters; None for one
    that a chapter removed, whether the story added it or has it by default."""
    merged, removed = dict(fields), dict.fromkeys(fields)
    for chapter in chapters:
        if chapter.config is not None:
            change = chapter.config(stage)
            removed |= {key: None for key, value in change.items() if value is None}
            merged = patch.merge_patch(merged, change)
    return removed | merged


def links(chapters: Iterable[Chapter], stage: Stage) -> dict[str, str]:
    """Label and address of what a person may look at."""
    shown: dict[str, str] = {}
    for chapter in chapters:
        if chapter.links is not None:
            shown |= chapter.links(stage)
    return shown


async def play(chapters: Chapters, moment: Moment, stage: Stage) -> None:
    """Call the acts of a moment, one after the other."""
    for chapter in reversed(chapters) if moment in IN_REVERSE else chapters:
        act = getattr(chapter, moment)
        if act is not None:
            await act(stage)
