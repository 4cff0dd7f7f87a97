"""The pages hang together: links lead somewhere, examples are what the code accepts."""

from __future__ import annotations

import functools
import pathlib
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import click
import pytest
import yaml

from akoo_core import settings
from akoo_core.cli import commands
from akoo_core.election import installations
from akoo_core.objects import names
from hack import docs_site

Blocks = Callable[[str, str], list[str]]

ROOT = pathlib.Path(__file__).parents[3]
DOCS = ROOT / "docs"
PAGES = sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md"))
ELSEWHERE = sorted(
    f"../{page.relative_to(ROOT)}"
    for pattern in ("*.md", "deploy/*.md", "examples/*/*.md", "plugins/*/*.md", "testbed/**/*.md")
    for page in ROOT.glob(pattern)
)
"""Pages that lie next to the code, by their paths from docs/."""
MAX_LINES = 150
"""Of a page without its code."""
LOOKED_UP = {
    "reference/conditions.md": 180,
    "reference/cli.md": 500,
    "reference/hooks.md": 180,
    "reference/record.md": 180,
}
"""Nobody reads these from top to bottom: one section per command, one row per field or value."""
CRDS = ROOT / "deploy/crds"

_LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?P<target>[^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_OUR_NAME = re.compile(r"(?<!\.)akoo\.io/[a-zA-Z-]+")
"""Names of the core: those of plugins have the plugin before them."""


def prose(name: str) -> str:
    return _FENCE.sub("", (DOCS / name).read_text())


def links(name: str) -> Iterator[tuple[pathlib.Path, str]]:
    """Files and anchors that a page links, addresses elsewhere left aside."""
    here = DOCS / name
    for match in _LINK.finditer(prose(name)):
        path, _, anchor = match["target"].partition("#")
        if "://" not in path:
            yield (here.parent / path).resolve() if path else here, anchor


def anchors(path: pathlib.Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", [*PAGES, *ELSEWHERE])
def test_links_lead_somewhere(name: str) -> None:
    for path, anchor in links(name):
        assert path.exists(), path
        assert not anchor or anchor in anchors(path), f"{path}#{anchor}"


def test_every_page_is_in_the_index() -> None:
    """Runbooks are in the index of alerts."""
    linked = {path for name in ("README.md", "reference/alerts.md") for path, _ in links(name)}
    assert {DOCS / name for name in PAGES} - {DOCS / "README.md"} <= linked
    runbooks = {name for name in PAGES if name.startswith("runbooks/")}
    own = {path for path, _ in links("README.md")}
    assert {DOCS / name for name in PAGES} - own == {DOCS / name for name in runbooks} | {
        DOCS / "README.md"
    }


def test_the_site_lists_every_page_once() -> None:
    """Pages of the site are pages of the repository: it makes none."""
    paths = {str((DOCS / name).resolve().relative_to(ROOT)) for name in [*PAGES, *ELSEWHERE]}
    assert sorted(docs_site.listed(docs_site.config()["nav"])) == sorted(paths)


_ITEM = re.compile(r"([-*]|\d+\.) +\S")


def misread_items(text: str) -> Iterator[str]:
    """Lines of lists that GitHub reads as such, and the site's Markdown does not.

    Parts of an item are indented by four, and an item comes after an item, a heading or a blank
    line.
    """
    paragraph = ""
    for line in text.splitlines():
        inside = re.match(r" {1,3}(?=\S)", line)
        if inside and (not paragraph or _ITEM.match(line[inside.end() :])):
            yield line
        if _ITEM.match(line):
            if paragraph and not _ITEM.match(paragraph) and not paragraph.startswith("#"):
                yield line
            paragraph = line
        paragraph = (paragraph or line) if line.strip() else ""


@pytest.mark.parametrize("name", [*PAGES, *ELSEWHERE])
def test_lists_are_lists_on_the_site(name: str) -> None:
    assert list(misread_items(prose(name))) == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("- a\n  goes on\n- b\n\n    more\n\n- c", []),
        ("## Head\n- a", []),
        ("A paragraph\n- a", ["- a"]),
        ("- a\n  - b", ["  - b"]),
        ("1. a\n\n   more", ["   more"]),
        ("1. a\n\n    more\n    and more\n2. b", ["2. b"]),
    ],
)
def test_lists_that_are_misread(text: str, lines: list[str]) -> None:
    assert list(misread_items(text)) == lines


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_short_and_plain(name: str) -> None:
    text = (DOCS / name).read_text()
    assert len(prose(name).splitlines()) <= LOOKED_UP.get(name, MAX_LINES)
    assert text.startswith("# ")
    assert not [letter for letter in text if ord(letter) > 0x2FFF], "no emoji"
    assert text.count("\n```") % 2 == 0


# Commands.


def typed(name: str) -> Iterator[list[str]]:
    """The akoo-core command lines of a page, as the words of a shell."""
    for block in re.findall(
        r"^```(?:console|sh)\n(.*?)^```$", (DOCS / name).read_text(), re.MULTILINE | re.DOTALL
    ):
        for line in block.replace("\\\n", " ").splitlines():
            words = (
                shlex.split(line.removeprefix("$ "), comments=True) if "akoo-core" in line else []
            )
            while words and "=" in words[0] and not words[0].startswith("-"):
                words = words[1:]
            if words and words[0].split("/")[-1] == "akoo-core":
                yield words[1:]


@pytest.mark.parametrize("name", PAGES)
def test_commands_have_the_options_they_are_shown_with(name: str) -> None:
    for words in typed(name):
        parts = words[: next((i for i, word in enumerate(words) if word in (">", "|", "&")), None)]
        parse("akoo-core", commands.akoo_core, list(parts))


def parse(name: str, command: click.Command, words: list[str]) -> None:
    """Read the words as the command would, and those of a group's command below it."""
    context = command.make_context(name, words)
    rest = [*getattr(context, "_protected_args", ()), *context.args]
    if isinstance(command, click.Group) and rest:
        below = command.get_command(context, rest[0])
        assert below is not None, f"there is no {name} {rest[0]}"
        parse(f"{name} {rest[0]}", below, rest[1:])


# Examples.


def documents(name: str) -> Iterator[dict[str, Any]]:
    """The YAML objects of a page."""
    text = (DOCS / name).read_text()
    for block in re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield from (obj for obj in yaml.safe_load_all(block) if isinstance(obj, dict))


def unknown(value: Any, schema: dict[str, Any], path: str) -> Iterator[str]:
    """Fields of a manifest that the schema would drop."""
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return
    if isinstance(value, list):
        for index, member in enumerate(value):
            yield from unknown(member, schema.get("items", {}), f"{path}[{index}]")
    if isinstance(value, dict) and "properties" in schema:
        for key, field in value.items():
            if key not in schema["properties"]:
                yield f"{path}.{key}"
            else:
                yield from unknown(field, schema["properties"][key], f"{path}.{key}")


@functools.cache
def schemas() -> Mapping[str, dict[str, Any]]:
    """The schema of each kind's spec; read once for all pages."""
    return {
        crd["spec"]["names"]["kind"]: crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"][
            "properties"
        ]["spec"]
        for crd in map(yaml.safe_load, (path.read_text() for path in CRDS.glob("*.yaml")))
        if crd and crd.get("kind") == "CustomResourceDefinition"
    }


@pytest.mark.parametrize("name", PAGES)
def test_configs_have_only_fields_that_the_schema_knows(name: str) -> None:
    schema = schemas()["AKODeploymentConfig"]
    for document in documents(name):
        whole = document.get("kind") == "AKODeploymentConfig"
        if whole or document.keys() == {"spec"}:
            assert list(unknown(document["spec"], schema, "spec")) == []
        if whole:
            assert set(schema["required"]) <= document["spec"].keys()


@pytest.mark.parametrize("name", PAGES)
def test_objects_of_ours_have_only_fields_that_their_schema_knows(name: str) -> None:
    for document in documents(name):
        if str(document.get("apiVersion", "")).startswith("akoo.io/"):
            schema = schemas()[document["kind"]]
            assert list(unknown(document["spec"], schema, "spec")) == []
            assert set(schema.get("required", ())) <= document["spec"].keys()


@pytest.mark.parametrize("name", PAGES)
def test_settings_are_accepted(name: str, tmp_path: pathlib.Path) -> None:
    for document in documents(name):
        if "enabledPlugins" in document or "telemetry" in document:
            file = tmp_path / "settings.yaml"
            file.write_text(yaml.safe_dump(document))
            settings.load(file)


@pytest.mark.parametrize("name", PAGES)
def test_names_of_our_group_exist(name: str) -> None:
    known = {value for value in vars(names).values() if isinstance(value, str)}
    known |= {"akoo.io/akoo-core", "akoo.io/schema-version", "akoo.io/v"}
    known |= {installations.MANAGEMENT_LABEL, installations.WATCH_LABEL}
    known |= {"akoo.io/accept-vcenter"}  # of the vsphere plugin
    known |= {"akoo.io/cable"}  # of the plugin that plugins/holders.md makes up
    text = (DOCS / name).read_text()
    assert {name for name in _OUR_NAME.findall(text) if name not in known} == set()
