"""The last lines of the sandbox: what can be typed, and no line wider than 80 columns."""

from __future__ import annotations

import pathlib

import click
import pytest
from akoo_testbed.parts import jaeger

from akoo_core.cli import commands
from akoo_core.sandbox import invitation

WHERE = invitation.Addresses(
    folder=pathlib.Path("/tmp/akoo-testbed-a1b2c3d4"),
    jaeger="http://127.0.0.1:20123",
    jaeger_note=jaeger.WITHOUT_UI,
    metrics="http://127.0.0.1:20124/metrics",
    avi="https://127.0.0.1:20125",
    log=pathlib.Path("/tmp/akoo-testbed-logs-a1b2c3d4/operator.log"),
    links={"vCenter": "https://127.0.0.1:20126"},
)


@pytest.mark.parametrize("living", [True, False])
def test_it_fits_eighty_columns_and_names_every_address(living: bool) -> None:
    lines = invitation.lines(WHERE, living=living)
    assert max(map(len, lines)) <= 80, max(lines, key=len)
    text = "\n".join(lines)
    for place in (
        WHERE.jaeger,
        WHERE.jaeger_note,
        WHERE.metrics,
        WHERE.avi,
        str(WHERE.log),
        *WHERE.links.values(),
    ):
        assert place in text
    assert f"export KUBECONFIG={WHERE.folder}/management.kubeconfig" in text
    assert f"export AKOO_CONFIG={WHERE.folder}/settings.yaml" in text
    assert f'export PATH="{WHERE.folder}/bin:$PATH"' in text
    assert "user akoo; its password:" in text
    assert lines[-1].endswith("Ctrl-C ends everything.")


def test_it_names_the_living_cluster_only_where_there_is_one() -> None:
    assert "demo/web" in "\n".join(invitation.lines(WHERE, living=True))
    without = "\n".join(invitation.lines(WHERE, living=False))
    assert "demo/web" not in without
    assert "sandbox cluster" not in without


def test_every_command_is_one_of_akoo_core() -> None:
    typed = [line.split() for line in invitation.commands(WHERE.jaeger, living=True)]
    own = [words[1:] for words in typed if words[0] == "akoo-core"]
    assert len(own) >= 4
    for words in own:
        command: click.Command | None = commands.akoo_core
        for word in words:
            if isinstance(command, click.Group):
                command = command.get_command(click.Context(command), word)
        assert command is not None, words
