"""The command line itself: one style of error, near names, help that is not cut."""

from __future__ import annotations

import click
import pytest

from akoo_core.cli import commands
from tests.unit.cli.commands_world import CommandWorld


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("statsu",), 'there is no command "akoo-core statsu". Did you mean "status"?'),
        (("plugins", "lsit"), 'no command "akoo-core plugins lsit". Did you mean "list"?'),
        (("nothing-like-it",), "See akoo-core --help"),
        (("status", "--wach"), "--watch'? See akoo-core status --help"),
        (("--plugin", "ako"), "'--plugins'?"),
        (("explain",), "missing argument 'NAMESPACE/NAME'. See akoo-core explain --help"),
        (("status", "-o", "yaml"), "'yaml' is not one of 'text', 'json'"),
        (("--namespace", "a", "status"), "--namespace before a command is the operator's: status"),
        (("--namespace", "a,b"), "watchNamespace: "),
        (("plan", "a/b", "c"), "unexpected extra argument (c)"),
        (("sandbox", "clutser"), 'no command "akoo-core sandbox clutser". Did you mean "cluster"?'),
        (("sandbox", "cluster", "Web_1"), '"Web_1" cannot be the name of a Cluster. Use at most'),
    ],
)
def test_a_wrong_command_line_is_one_line(
    world: CommandWorld, words: tuple[str, ...], message: str
) -> None:
    code, out, err = world(*words)
    assert (code, out) == (2, "")
    assert err.startswith("akoo-core: ")
    assert err.count("\n") == 1
    assert message in err


def tree(group: click.Group, context: click.Context) -> list[click.Command]:
    commands: list[click.Command] = [group]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        commands += tree(command, context) if isinstance(command, click.Group) else [command]
    return commands


def test_no_help_is_cut_and_all_begin_alike(world: CommandWorld) -> None:
    for words in ((), ("plugins",)):
        _, out, _ = world(*words, "--help")
        assert "..." not in out.partition("Commands:")[2]
        rows = out.partition("Commands:")[2].partition("\n\n")[0].strip("\n").splitlines()
        assert rows
        assert all(row.split()[1][0].isupper() for row in rows if not row.startswith("    "))


@pytest.mark.parametrize(("columns", "longest"), [("60", 60), ("140", 140)])
def test_help_is_as_wide_as_the_terminal(
    world: CommandWorld, monkeypatch: pytest.MonkeyPatch, columns: str, longest: int
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    widths = {len(line) for line in world("audit", "--help")[1].splitlines()}
    assert max(widths) <= longest
    assert max(widths) > longest - 40


def test_help_shows_each_variable(world: CommandWorld) -> None:
    context = click.Context(commands.akoo_core)
    for command in tree(commands.akoo_core, context):
        for option in command.params:
            if isinstance(option, click.Option) and option.envvar:
                assert option.show_envvar, f"{command.name} {option.name}"


def test_an_optional_argument_is_shown_as_one(world: CommandWorld) -> None:
    assert "audit [OPTIONS] [PLUGIN]" in world("audit", "--help")[1]
