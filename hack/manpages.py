"""The manual pages of `akoo-core` and `kubectl akoo`, from their commands. Pure.

They name the core's commands. Those that plugins bring depend on what is installed.
"""

from __future__ import annotations

from collections.abc import Iterator

import click

from akoo_core import __main__ as main
from akoo_core.cli import commands

PAGES = {"akoo-core": "akoo-core", "kubectl-akoo": "kubectl akoo"}
"""The name of each page, and the words that are typed."""

EXIT_CODES = {
    0: "done",
    main.FAILED: "failed",
    main.WRONG_INPUT: "wrong input; nothing was touched",
    main.INTERRUPTED: "interrupted",
}


def files() -> dict[str, str]:
    """The text of each page, by its path below ``akoo_core/cli``."""
    return {f"man/{name}.1": page(name, typed) for name, typed in PAGES.items()}


def page(name: str, typed: str) -> str:
    """The page ``name``, of the program that is called by ``typed``."""
    root = commands.akoo_core
    summary, _, rest = (root.help or "").partition("\n\n")
    others = ", ".join(f"{_bold(other)}(1)" for other in PAGES if other != name)
    lines = [
        '.\\" Made by `make generate`. Do not edit.',
        f'.TH {name.upper()} 1 "" "akoo-core" "User Commands"',
        ".SH NAME",
        f"{_text(name)} \\- {_text(_sentence(summary))}",
        ".SH SYNOPSIS",
        f"{_bold(typed)} {_usage(root)}",
        ".SH DESCRIPTION",
        *_paragraphs(rest),
        ".SH OPTIONS",
        *_options(root),
        ".SH COMMANDS",
        *(line for command in _sections(typed, root) for line in command),
        ".PP",
        f"Plugins that are installed bring further commands: {_bold(f'{typed} --help')}",
        "lists them.",
        ".SH ENVIRONMENT",
        *_environment(root),
        ".SH EXIT STATUS",
        *(line for code, words in EXIT_CODES.items() for line in (".TP", str(code), _text(words))),
        ".SH SEE ALSO",
        others,
    ]
    return "\n".join(lines) + "\n"


def tree(typed: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Every command of the core below ``command``, by its full name, a group before its own."""
    if not isinstance(command, click.Group):
        return
    context = click.Context(command)
    names = commands.COMMANDS if command is commands.akoo_core else command.list_commands(context)
    for name in sorted(names):
        child = command.get_command(context, name)
        if child is not None:
            yield f"{typed} {name}", child
            yield from tree(f"{typed} {name}", child)


def _sections(typed: str, root: click.Command) -> Iterator[list[str]]:
    for name, command in tree(typed, root):
        yield [
            f".SS {_quoted(f'{name} {_plain_usage(command)}'.strip())}",
            *_paragraphs(command.help or ""),
            *_options(command),
        ]


def _plain_usage(command: click.Command) -> str:
    return " ".join(command.collect_usage_pieces(click.Context(command)))


def _usage(command: click.Command) -> str:
    return _text(_plain_usage(command))


def _options(command: click.Command) -> Iterator[str]:
    """A tagged paragraph for each option, with default and variable."""
    context = click.Context(command)
    for param in command.params:
        if not isinstance(param, click.Option) or param.hidden:
            continue
        names = ", ".join(_bold(name) for name in (*param.opts, *param.secondary_opts))
        value = "" if param.is_flag or param.count else param.make_metavar(ctx=context)
        yield ".TP"
        yield f"{names} \\fI{_text(value)}\\fR" if value else names
        yield _text(" ".join((param.help or "").split()))
        if param.show_default and isinstance(param.default, str):
            yield f"Default: {_text(param.default)}."
        if param.show_envvar and param.envvar:
            variables = [param.envvar] if isinstance(param.envvar, str) else param.envvar
            yield f"Variable: {_text(', '.join(variables))}."


def _environment(root: click.Command) -> Iterator[str]:
    """The variables of all commands, each with the options that it stands for."""
    read: dict[str, set[str]] = {}
    for command in (root, *(command for _, command in tree("", root))):
        for param in command.params:
            if isinstance(param, click.Option) and param.envvar:
                variables = [param.envvar] if isinstance(param.envvar, str) else param.envvar
                for variable in variables:
                    read.setdefault(variable, set()).add(param.opts[0])
    for variable, options in sorted(read.items()):
        yield ".TP"
        yield _bold(variable)
        yield f"Stands for {_text(', '.join(sorted(options)))}."


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        words = " ".join(paragraph.replace("\b", " ").split())
        if words:
            yield ".PP"
            yield _text(words)


def _sentence(text: str) -> str:
    """A sentence as the line of a name has it: no capital, no full stop."""
    words = " ".join(text.split()).rstrip(".")
    return words[:1].lower() + words[1:]


def _bold(text: str) -> str:
    return f"\\fB{_text(text)}\\fR"


def _text(text: str) -> str:
    """Text as roff takes it: hyphens that can be copied, no request at the begin of a line."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped[:1] in (".", "'") else escaped


def _quoted(text: str) -> str:
    return '"' + _text(text).replace('"', "\\(dq") + '"'
