"""Two test beds on one machine never pick the same port."""

import socket
import subprocess
import sys

from akoo_testbed.process import ports

PICK_MANY = (
    "from akoo_testbed.process import ports; print(*(ports.pick() for _ in range(300))); input()"
)


def test_two_processes_pick_different_ports() -> None:
    picks: list[list[str]] = []
    with (
        subprocess.Popen(
            [sys.executable, "-c", PICK_MANY], stdin=-1, stdout=-1, text=True
        ) as first,
        subprocess.Popen(
            [sys.executable, "-c", PICK_MANY], stdin=-1, stdout=-1, text=True
        ) as second,
    ):
        for process in (first, second):
            assert process.stdout is not None
            picks.append(process.stdout.readline().split())
        for process in (first, second):
            process.communicate("\n")
    assert len({*picks[0], *picks[1]}) == 600


def test_a_port_in_use_is_not_free_and_never_picked() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        assert not ports.is_free(server.getsockname()[1])


def test_a_released_port_can_be_picked_again() -> None:
    taken = [ports.pick() for _ in range(50)]
    assert len(set(taken)) == 50
    for port in taken:
        ports.release(port)
        ports.release(port)  # twice is harmless
