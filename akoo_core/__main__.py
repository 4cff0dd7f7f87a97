"""``akoo-core`` and ``python -m akoo_core``: errors become one line and an exit code.

0 done, 1 failed, 2 wrong input (nothing was touched), 130 interrupted.
"""

from __future__ import annotations

import sys

import click

from akoo_core import errors

FAILED, WRONG_INPUT, INTERRUPTED = 1, 2, 130


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run the command line; the exit code."""
    from akoo_core.cli import commands  # noqa: PLC0415 - `import akoo_core.__main__` stays light

    try:
        code = commands.akoo_core.main(arguments, prog_name="akoo-core", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        click.echo(f"akoo-core: {usage(error)}", err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except errors.InputError as error:
        click.echo(f"akoo-core: {error}", err=True)
        return WRONG_INPUT
    except errors.AkooError as error:
        click.echo(f"akoo-core: {error}", err=True)
        return FAILED
    return code if isinstance(code, int) else 0


def usage(error: click.ClickException) -> str:
    """The error of a command line in one line, with where to read on."""
    text = " ".join(error.format_message().split())
    context = getattr(error, "ctx", None)
    hint = f" See {context.command_path} --help" if context is not None else ""
    return f"{text[:1].lower()}{text[1:]}{hint}"


if __name__ == "__main__":
    main()
