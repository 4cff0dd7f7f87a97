"""`akoo-testbed avisim`: as a process, and its usage errors."""

import pathlib
import signal
import subprocess
import sys

import pytest
import requests
from akoo_testbed.avisim import command, faults, switches
from click import testing

PASSWORD = "Correct-horse-1"


def start(folder: pathlib.Path, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    """The process, and the URL that it prints when it is ready."""
    (folder / "password").write_text(PASSWORD + "\n")
    line = [sys.executable, "-m", "akoo_testbed.cli", "avisim", *arguments]
    line += ["--password-file", str(folder / "password"), "--ca-file", str(folder / "ca.pem")]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def stop(process: subprocess.Popen[str]) -> None:
    with process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_it_serves_until_sigterm_and_goes_on_from_its_state(tmp_path: pathlib.Path) -> None:
    state = ("--state", str(tmp_path / "state.json"), "--profile", "22.1.7")
    ca = str(tmp_path / "ca.pem")
    credentials = {"username": "admin", "password": PASSWORD}
    for round_ in (1, 2):
        process, url = start(tmp_path, *state)
        try:
            with requests.Session() as session:
                session.trust_env = False
                session.verify = ca
                session.post(f"{url}/login", json=credentials).raise_for_status()
                session.headers["X-CSRFToken"] = str(session.cookies["csrftoken"])
                session.headers["Referer"] = url
                if round_ == 1:
                    session.post(f"{url}/api/pool", json={"name": "p"}).raise_for_status()
                assert session.get(f"{url}/api/pool?name=p").json()["count"] == 1
                version = session.get(f"{url}/api/cluster/version").json()
                assert version["Version"] == "22.1.7"
                summary = session.get(f"{url}/avisim", auth=("admin", PASSWORD)).json()
                assert summary["profile"] == "22.1.7"
        finally:
            stop(process)
    assert PASSWORD not in (tmp_path / "state.json").read_text()
    assert (tmp_path / "state.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--switch", "csrf-body=other"], "csrf-body is one of plain, detail, not other"),
        (["--switch", "nonsense=1"], 'no switch "nonsense"'),
        (["--switch", "nonsense"], "is not NAME=VALUE"),
        (["--listen", "nowhere"], "is not ADDRESS:PORT"),
        (["--profile", "1.2.3"], "22.1.7"),
    ],
)
def test_wrong_usage(arguments: list[str], text: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "password").write_text(PASSWORD)
    files = ["--password-file", str(tmp_path / "password"), "--ca-file", str(tmp_path / "ca")]
    ended = testing.CliRunner().invoke(command.command, [*arguments, *files])
    assert ended.exit_code == 2
    assert text in ended.output


def test_the_lists() -> None:
    listed = testing.CliRunner().invoke(command.command, ["--list-switches"])
    assert all(name in listed.output for name in switches.SWITCHES)
    listed = testing.CliRunner().invoke(command.command, ["--list-faults"])
    assert all(name in listed.output for name in faults.ANSWERS)
