"""The files that `akoo-testbed up` leaves in the state folder, and a check that it still runs.

The background process holds a lock on a file there for as long as it lives: the kernel drops it
even after SIGKILL, so a stale state is never taken for a running bed.
"""

import contextlib
import dataclasses
import fcntl
import itertools
import json
import os
import pathlib
import signal
import time
import typing

from akoo_testbed import errors

DOWN_SECONDS = 60.0
_POLL_SECONDS = 0.05


@dataclasses.dataclass(frozen=True, slots=True)
class UpState:
    """A running bed, as told to the user."""

    pid: int
    management_kubeconfig: str
    """Path."""
    workload: str
    """namespace/name of the Cluster."""
    workload_kubeconfig: str
    """Path."""
    management_url: str
    jaeger_url: str
    otlp_url: str
    kubectl: str
    """Path of the binary."""
    logs: str
    """Folder."""
    jaeger_note: str = ""
    """That it has no UI, and what to do; "" for a Jaeger that has."""
    vcenter_url: str = ""
    """Of its SOAP endpoint; "" (as the next four fields) without a vCenter."""
    vcenter_control_url: str = ""
    vcenter_user: str = ""
    vcenter_password_file: str = ""
    vcenter_ca_file: str = ""
    openbao_url: str = ""
    """"" (as the fields below) without an OpenBao."""
    openbao_token_file: str = ""
    """Of its root token."""
    openbao_ca_file: str = ""
    openbao_program: str = ""
    """Path of `bao`."""
    operator_command: str = ""
    """Starts akoo-core on this bed; "" where it is not installed."""

    def as_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"


class StateFolder:
    """The files of one bed that was brought up."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.log = path / "akoo-testbed.log"
        self._state = path / "state.json"
        self._lock = path / "lock"

    def hold(self) -> typing.TextIO:
        """Take the lock; keep what is returned open. Raises TestbedError if a bed runs."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = self._lock.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise errors.TestbedError(f"a test bed is up already, see {self.path}") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        return file

    def holder(self) -> int | None:
        """Process id of the running bed (which may still be starting), or None."""
        try:
            file = self._lock.open("r+")
        except FileNotFoundError:
            return None
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read() or 0) or None
        return None

    def read(self) -> UpState | None:
        """The state of a bed that runs and is ready, else None."""
        if self.holder() is None:
            return None
        try:
            return UpState(**json.loads(self._state.read_text()))
        except FileNotFoundError:
            return None

    def write(self, state: UpState) -> None:
        """Say that the bed is ready."""
        unfinished = self._state.with_suffix(".new")
        unfinished.write_text(state.as_json())
        unfinished.replace(self._state)

    def clear(self) -> None:
        """Remove state, kubeconfigs, and the secrets and CAs of further parts; the log stays."""
        patterns = ("*.kubeconfig", "vcenter*", "openbao*", "operator-*")
        files = (self.path.glob(pattern) for pattern in patterns)
        for path in (self._state, *itertools.chain.from_iterable(files)):
            path.unlink(missing_ok=True)

    def take_down(self) -> bool:
        """End the running bed and wait until it is gone; False if there was none."""
        pid = self.holder()
        if pid is None:
            self.clear()
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + DOWN_SECONDS
        while self.holder() is not None:
            if time.monotonic() > deadline:
                raise errors.TestbedError(
                    f"the test bed (process {pid}) did not end within {DOWN_SECONDS:g} s, "
                    f"see {self.log}; kill -9 {pid} takes all its processes along"
                )
            time.sleep(_POLL_SECONDS)
        self.clear()
        return True
