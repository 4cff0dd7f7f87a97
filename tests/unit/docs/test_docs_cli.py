"""reference/cli.md names every command, argument and option with default and variable."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import click

from akoo_core import __main__ as main
from akoo_core.cli import commands

Rows = Callable[[str, str], list[tuple[str, ...]]]
Page = Callable[[str], str]

PAGE = "reference/cli.md"
COMMON = ("--kubeconfig", "--context")
"""Of the operator and of every command that asks the management cluster."""


def tree(name: str = "akoo-core", command: click.Command | None = None) -> dict[str, click.Command]:
    """Every command by its full name, the commands of a group after the group."""
    command = command or commands.akoo_core
    called = {name: command}
    if isinstance(command, click.Group):
        context = click.Context(command)
        for child in command.list_commands(context):
            called |= tree(f"{name} {child}", command.get_command(context, child))
    return called


def parameters(command: click.Command) -> Iterator[tuple[str, str, str]]:
    """Name, default and variable of each parameter, as the page shows them."""
    for param in command.params:
        option = isinstance(param, click.Option)
        name = param.opts[0] if option else param.metavar or str(param.name).upper()
        default = (
            ""
            if param.default in (None, False) or not isinstance(param.default, str)
            else param.default
        )
        variable = param.envvar if isinstance(param.envvar, str) else ""
        yield name, default, variable


def test_every_command_has_its_section(page: Page) -> None:
    headings = re.findall(r"^## `(akoo-core[^`]*)`$", page(PAGE), re.MULTILINE)
    assert headings == list(tree())


def test_every_parameter_with_default_and_variable(rows: Rows) -> None:
    for name, command in tree().items():
        documented = [shown(row) for row in rows(PAGE, f"## `{name}`")]
        skipped = {"--help", *COMMON}
        assert documented == [
            parameter for parameter in parameters(command) if parameter[0] not in skipped
        ], name


def test_options_of_all_are_documented_once(rows: Rows) -> None:
    documented = {shown(row) for row in rows(PAGE, "## The management cluster")}
    assert {option[0] for option in documented} == set(COMMON)
    for name, command in tree().items():
        has = {parameter[0] for parameter in parameters(command)} & set(COMMON)
        assert has in (set(), set(COMMON)), name


def shown(row: tuple[str, ...]) -> tuple[str, ...]:
    """Name, default and variable of a row; a short name is left out."""
    return tuple(cell.split(", ")[0].strip("`") for cell in row[:3])


def test_exit_codes(rows: Rows) -> None:
    codes = {row[0].strip("`") for row in rows(PAGE, "## Exit codes")}
    assert codes == {"0", str(main.FAILED), str(main.WRONG_INPUT), str(main.INTERRUPTED)}
