"""docs/plugins/tutorial.md, typed word by word: files as they are printed, commands as they are
shown, and their answers compared. An ellipsis in an answer stands for anything on that line."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
from typing import NamedTuple

import pytest

ROOT = pathlib.Path(__file__).parents[3]
PAGE = ROOT / "docs" / "plugins" / "tutorial.md"
_BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"[Pp]ut (?:this|it)\s+into\s+`(?P<path>[^`]+)`[^`]*$")
ANYTHING = "\N{HORIZONTAL ELLIPSIS}"
MARK = "--- tutorial: "


class Step(NamedTuple):
    """A file to write (``path``), or a command with what it must answer."""

    path: str
    text: str
    answer: str = ""


def steps(page: str) -> list[Step]:
    """The steps of a reader, in order."""
    in_order: list[Step] = []
    for block in _BLOCK.finditer(page):
        if block["kind"] == "console":
            for part in re.split(r"^\$ ", block["text"], flags=re.MULTILINE)[1:]:
                command, _, answer = part.partition("\n")
                in_order.append(Step("", command, answer))
        else:
            named = _FILE.search(page[: block.start()].rstrip())
            assert named is not None, f"where does this go? {block['text'][:60]}"
            in_order.append(Step(named["path"], block["text"]))
    return in_order


def script(done: list[Step]) -> str:
    """The shell that types all of it; files go below the folder that the plugin is made in."""
    lines = []
    for number, step in enumerate(done):
        if step.path:
            lines.append(f"cat > {step.path} <<'END_OF_FILE'\n{step.text}END_OF_FILE")
        else:
            lines.append(f"echo '{MARK}{number}'\n{step.text}")
    return "\n".join(lines)


def answers(output: str) -> dict[int, str]:
    """The output of each command."""
    parts = re.split(rf"^{MARK}(\d+)\n", output, flags=re.MULTILINE)[1:]
    return {int(number): text for number, text in zip(parts[::2], parts[1::2], strict=True)}


def agrees(shown: str, printed: str) -> bool:
    """True if the command said what the page prints."""
    return re.fullmatch(".*".join(map(re.escape, printed.split(ANYTHING))), shown) is not None


def environment() -> dict[str, str]:
    """Without the checkout's own environment; with uv."""
    dropped = ("PYTHON", "VIRTUAL_ENV", "AKOO_", "UV_PROJECT", "PYTEST")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    tools = str(ROOT / ".tools" / "bin")
    return {**kept, "AKOO": str(ROOT), "PATH": f"{tools}{os.pathsep}{kept['PATH']}"}


def test_what_is_printed_happens(tmp_path: pathlib.Path) -> None:
    variables = environment()
    if shutil.which("uv", path=variables["PATH"]) is None:
        pytest.skip("uv is not here: `make setup` brings it")
    done = steps(PAGE.read_text())
    assert len([step for step in done if step.path]) == 4
    ran = subprocess.run(
        ["bash", "-c", script(done)],
        cwd=tmp_path,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=180,
        check=False,
    )
    shown = answers(ran.stdout)
    for number, step in enumerate(done):
        if not step.path:
            assert agrees(shown.get(number, ""), step.answer), f"{step.text}\n{shown.get(number)}"


def test_a_difference_is_seen() -> None:
    printed = f"1 passed in {ANYTHING}\n"
    assert agrees("1 passed in 0.1s\n", printed)
    assert not agrees("2 passed in 0.1s\n", printed)
    assert not agrees("1 passed in 0.1s\nand more\n", printed)
    assert not agrees("", printed)
