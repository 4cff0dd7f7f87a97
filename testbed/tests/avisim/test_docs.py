"""docs/avisim.md names every option, switch and control endpoint."""

import pathlib
import re

from akoo_testbed.avisim import command, control, faults, switches

TEXT = (pathlib.Path(__file__).parents[2] / "docs" / "avisim.md").read_text()


def test_options() -> None:
    for parameter in command.command.params:
        assert f"`{parameter.opts[0]}`" in TEXT, parameter.opts


def test_switches() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| ([^|]+) \| ([^|]+) \|$", TEXT, re.MULTILINE)
    documented = {
        name: (tuple(choices.split(", ")), about.strip()) for name, choices, about in rows
    }
    expected = {s.name: (s.values, s.about) for s in switches.SWITCHES.values()}
    assert expected.items() <= documented.items()


def test_control_endpoints() -> None:
    documented = re.findall(r"(?:GET|POST|PUT|DELETE) +(/avisim[/a-z]*)", control.__doc__ or "")
    assert len(documented) >= 8
    for path in documented:
        assert path in TEXT, path


def test_faults() -> None:
    for pattern in faults.PATTERNS:
        assert f"`{pattern}`" in TEXT
