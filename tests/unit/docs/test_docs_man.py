"""The manual pages: made of the commands, with every command and option, and part of the wheel."""

from __future__ import annotations

import pathlib
import re
import tomllib

import click
import pytest

from akoo_core.cli import commands
from hack import manpages

ROOT = pathlib.Path(__file__).parents[3]
FOLDER = "akoo_core/cli/man"


def text(name: str) -> str:
    """A page without its marks of layout: fonts, and hyphens that can be copied."""
    page = (ROOT / FOLDER / f"{name}.1").read_text()
    return re.sub(r"\\f[BIR]", "", page).replace("\\-", "-")


def own(command: click.Command, typed: str = "") -> dict[str, click.Command]:
    """Every command of the core, by the words after the program."""
    context = click.Context(command)
    known: dict[str, click.Command] = {typed: command}
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            if typed or name in commands.COMMANDS:
                known |= own(child, f"{typed} {name}".strip())
    return known


def sections(page: str) -> dict[str, str]:
    """The text about each command, by its heading; "" for what comes before the first."""
    before, _, rest = page.partition(".SH COMMANDS\n")
    texts = {"": before}
    for part in rest.partition(".SH ENVIRONMENT")[0].split(".SS ")[1:]:
        heading, _, words = part.partition("\n")
        texts[heading.strip('"')] = words
    return texts


@pytest.mark.parametrize(("name", "typed"), manpages.PAGES.items())
def test_every_command_and_option_is_in_it(name: str, typed: str) -> None:
    shown = sections(text(name))
    tree = own(commands.akoo_core)
    assert len(tree) == len(shown)
    for words, command in tree.items():
        usage = command.collect_usage_pieces(click.Context(command))
        heading = " ".join((typed, words, *usage)) if words else ""
        assert heading in shown, sorted(shown)
        for param in command.params:
            if isinstance(param, click.Option):
                tag = re.compile(rf"^\.TP\n{re.escape(', '.join(param.opts))}\b", re.MULTILINE)
                assert tag.search(shown[heading]), (words, param.opts)


@pytest.mark.parametrize("name", manpages.PAGES)
def test_they_are_as_made(name: str) -> None:
    made = manpages.files()[f"man/{name}.1"]
    assert (ROOT / FOLDER / f"{name}.1").read_text() == made, "call `make generate`"


def test_no_other_page_lies_there() -> None:
    names = {path.name for path in (ROOT / FOLDER).iterdir()}
    assert names == {f"{name}.1" for name in manpages.PAGES}


def test_the_wheel_brings_a_page_for_each_program() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert shared == {
        f"{FOLDER}/{program}.1": f"share/man/man1/{program}.1"
        for program in project["project"]["scripts"]
    }
