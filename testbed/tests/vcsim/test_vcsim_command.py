"""`akoo-testbed vcsim`: a vCenter by hand, until a signal."""

import asyncio
import pathlib
import signal
import ssl
import subprocess
import sys

import pytest
from akoo_testbed import cli
from akoo_testbed.process import ports
from akoo_testbed.vcsim import Control
from click.testing import CliRunner
from pyVim import connect

pytestmark = pytest.mark.bed


def test_it_serves_until_a_signal(tmp_path: pathlib.Path) -> None:
    password, ca_file, port = tmp_path / "password", tmp_path / "ca.pem", ports.pick()
    password.write_text("a-password\n")
    command = [
        *(sys.executable, "-m", "akoo_testbed.cli", "vcsim", "--port", str(port)),
        *("--username", "ann@example.com", "--lenient", "in-use"),
        *("--password-file", str(password), "--ca-file", str(ca_file)),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        try:
            assert serving.stdout.readline() == f"https://127.0.0.1:{port}/sdk\n"
            control = Control(serving.stdout.readline().strip())
            instance = connect.SmartConnect(
                host="127.0.0.1",
                port=port,
                user="ann@example.com",
                pwd="a-password",
                sslContext=ssl.create_default_context(cafile=str(ca_file)),
            )
            assert instance.content.about.apiVersion == "8.0.3.0"
            # pyvmomi keeps the last connection for the whole process.
            instance._stub.DropConnections()
            connect.SetSi(None)
            assert asyncio.run(control.state())["rules"]["in-use"] is False
        finally:
            serving.send_signal(signal.SIGTERM)
        assert serving.wait(10) == 0


def test_an_empty_password_is_refused(tmp_path: pathlib.Path) -> None:
    password = tmp_path / "password"
    password.write_text("")
    files = ["--password-file", str(password), "--ca-file", str(tmp_path / "ca.pem")]
    result = CliRunner().invoke(cli.cli, ["vcsim", *files])
    assert result.exit_code == 2
    assert "is empty" in result.output
