"""reference/hooks.md is the contract in akoo_core.plugin.api: hooks, results, what they hold."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

from akoo_core import structs
from akoo_core.plugin import api
from akoo_core.plugin_host.hooks import HOOKS

Rows = Callable[[str, str], list[tuple[str, ...]]]
Page = Callable[[str], str]

PAGE = "reference/hooks.md"
HEADINGS = ("## Pure verbs", "## Verbs of a living cluster", "## Verbs of a leaving cluster")


def codes(text: str) -> list[str]:
    return re.findall(r"`([^`]*)`", text)


def returned(text: str) -> list[str]:
    """``Done, Wait or None`` as a set of names."""
    return sorted(re.findall(r"\w+", text.replace(" or ", ", ")))


def structures() -> dict[str, type[structs.Struct]]:
    """Every value of the contract, with the fields a plugin author reads or writes."""
    return {
        name: kind
        for name, kind in vars(api).items()
        if isinstance(kind, type)
        and issubclass(kind, structs.Struct)
        and name in api.__all__
        and kind is not api.Fact
    }


def test_every_hook_with_arguments_and_answers(rows: Rows) -> None:
    headings = (*HEADINGS, "## Other hooks", "## Hooks of commands")
    listed = [row for heading in headings for row in rows(PAGE, heading)]
    documented = {row[0].strip("`"): (codes(row[1]), returned(row[2])) for row in listed}
    assert documented == {
        name: (list(hook.arguments), returned(hook.allowed)) for name, hook in HOOKS.items()
    }


def test_which_verbs_are_pure_live_and_leave(rows: Rows) -> None:
    named = [tuple(row[0].strip("`") for row in rows(PAGE, heading)) for heading in HEADINGS]
    awaited = [verb for verb in api.verbs_of("lives") if verb not in api.PURE_VERBS]
    assert named == [api.PURE_VERBS, tuple(awaited), api.verbs_of("leaves")]


def test_timeouts(rows: Rows) -> None:
    headings = (*HEADINGS[1:], "## Hooks of commands")
    listed = [row for heading in headings for row in rows(PAGE, heading)]
    documented = {row[0].strip("`"): row[3] for row in listed}
    expected = {verb: f"{seconds:g} s" for verb, seconds in api.TIMEOUT_SECONDS.items()}
    assert documented == expected


def test_every_struct_with_all_its_fields(rows: Rows) -> None:
    documented = {row[0].strip("`"): codes(row[1]) for row in rows(PAGE, "## Values")}
    expected = {
        name: [field.name for field in structs.fields(kind)] for name, kind in structures().items()
    }
    assert documented == expected


def test_every_declaration_of_a_plugin(rows: Rows) -> None:
    public = [
        name
        for name, value in vars(api.Plugin).items()
        if not name.startswith("_") and not inspect.isfunction(value)
    ]
    documented = [row[0].strip("`") for row in rows(PAGE, "## Declarations")]
    assert documented == public


def test_what_a_plugin_may_override(page: Page) -> None:
    methods = [
        name
        for name, value in vars(api.Plugin).items()
        if inspect.isfunction(value) and not name.startswith("_")
    ]
    for name in methods:
        assert f"`{name}`" in page(PAGE), name


def test_facts_of_the_core(page: Page) -> None:
    facts: list[Any] = [
        kind
        for kind in vars(api).values()
        if isinstance(kind, type) and issubclass(kind, api.Fact) and kind is not api.Fact
    ]
    assert facts
    for kind in facts:
        assert f"`{kind.fact_name}`" in page(PAGE)


def test_api_version(page: Page) -> None:
    assert f'API version `"{api.API_VERSION}"`' in page(PAGE)
    assert f"`{api.ENTRY_POINT_GROUP}`" in page(PAGE)
