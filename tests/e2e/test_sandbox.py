"""The main job, as a newcomer runs it: one command, a story, nothing left behind."""

from __future__ import annotations

import os
import pathlib
import re
import signal
import subprocess
import sys
import time

SECONDS = 120.0
STORY_SECONDS = 90.0


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "akoo_core", "sandbox", *arguments]


def test_the_story_comes_true_and_nothing_is_left() -> None:
    started = time.monotonic()
    done = subprocess.run(
        _command("--once"), capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - started < STORY_SECONDS
    story = [
        ("create cluster demo/shop", "Available"),
        ('selected by config "default"', r"record akoo-[0-9a-f]{12}"),
        ("AKO deployed", r"\d+ objects, ako-0 Ready, AKO \d+\.\d+"),
        (
            "two Services get addresses",
            r"(10\.70\.0\.\d+(, )?){2} \(8 objects on Avi: l4policyset, pool, .*, vsvip\)",
        ),
        ("a setting is changed and rolls", "shardVSSize LARGE, a new ako-0 is Ready"),
        (
            "delete cluster demo/shop, AKO killed half-way",
            r"4 of 8 objects left on Avi, AKO fenced \(Stopped\)",
        ),
        ("swept, verified", r"own 0 · suspect 0 · held 0 \(quiet period 1s here\)"),
        ("cluster let go", "Proven; nothing left on Avi"),
    ]
    for number, (step, result) in enumerate(story, start=1):
        assert re.search(rf"^ +{number}  {re.escape(step)} +{result}", done.stdout, re.MULTILINE), (
            done.stdout
        )
    lived = ("create-record", "prepare", "deploy", "observe")
    left = ("confirm", "drain", "fence", "sweep", "verify", "let-go", "release", "finish")
    for verb in lived + left:
        assert re.search(rf"^ +[0-9:.]{{12}}  {verb} ", done.stdout, re.MULTILINE), verb
    swept = re.search(r"  sweep +avi .*", done.stdout)
    assert swept
    assert re.search(r"DELETE vsvip 1.*|DELETE pool 1.*", swept[0]), "each call by kind and count"
    assert "\033" not in done.stdout, "plain lines where there is no terminal"
    assert done.stderr == ""


def test_ctrl_c_in_the_middle_ends_all_of_it() -> None:
    # Tests that a shell runs in the background are deaf to Ctrl-C, and so would be their children.
    command = ["env", "--default-signal=INT", *_command()]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert running.stdout is not None
    folder = ""
    with running:
        for line in running.stdout:
            if "operator " in line:
                folder = _folder(running.pid)
                running.send_signal(signal.SIGINT)
                break
        rest = running.stdout.read()
    assert running.returncode == 130, rest
    assert "Traceback" not in rest
    assert folder
    assert not pathlib.Path(folder).exists(), "files of the bed"
    assert not _mentioning(folder), "processes of the bed"


def _folder(pid: int) -> str:
    """The folder of the bed that a sandbox runs: where its children keep their data."""
    for command in _mentioning("akoo-testbed-"):
        match = re.search(r"/\S*?/akoo-testbed-[a-z0-9_]+(?=/)", command[1])
        if match and _descends(command[0], pid):
            return match[0]
    return ""


def _mentioning(text: str) -> list[tuple[int, str]]:
    """(pid, command line) of the processes whose command line has ``text``."""
    processes = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if text in command:
                processes.append((int(entry.name), command))
    return processes


def _descends(pid: int, ancestor: int) -> bool:
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return False
        pid = int(stat.rpartition(")")[2].split()[1])
    return False
