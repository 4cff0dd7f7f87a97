"""The base of the parts of one test bed: binaries, supervisor, keys, folders."""

import asyncio
import pathlib
import ssl
import tempfile
from collections.abc import Iterable

from akoo_testbed.building import build, recipes
from akoo_testbed.kube import kubeconfig
from akoo_testbed.process import processes
from akoo_testbed.trust import certificates


class BedBase:
    """Shared by all parts of one test bed. `start` it first, `stop` it last.

    Files are in a new folder in the system's for temporary files, and logs in another; both are
    removed at `stop`, and even when this process is killed. Logs are kept on request.
    """

    def __init__(
        self, *, needs: Iterable[str] = recipes.DEFAULT, built: build.Built | None = None
    ) -> None:
        self._needs = tuple(needs)
        self._built = built
        self.processes = processes.Processes()
        self.authority = certificates.Authority()
        self.admin = self.authority.client("testbed-admin", [certificates.ADMIN_GROUP])
        self.kept_logs: pathlib.Path | None = None

    async def start(self) -> None:
        """Build what is missing (minutes when cold), make folders and keys, start the supervisor.

        Nothing is built where `built` was given. Raises BuildError.
        """
        self.built: build.Built = (
            await asyncio.to_thread(build.ensure, self._needs)
            if self._built is None
            else self._built
        )
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="akoo-testbed-"))
        await self.processes.start()
        self.logs = pathlib.Path(tempfile.mkdtemp(prefix="akoo-testbed-logs-"))
        for folder in (self.folder, self.logs):
            self.processes.remove_at_end(folder)
        for name in ("keys", "data"):
            (self.folder / name).mkdir()
        keys = self.folder / "keys"
        self.ca_file = certificates.write_private(keys / "ca.crt", self.authority.pem)
        self.server_certificate, self.server_key = self.authority.server().write(keys, "server")
        self.admin_tls = ssl.create_default_context(cadata=self.authority.pem)
        self.admin_tls.load_cert_chain(*self.admin.write(keys, "admin"))
        key = certificates.new_key()
        self.service_account_key = certificates.write_private(
            keys / "service-account.key", certificates.key_pem(key)
        )
        self.service_account_public_pem = certificates.public_pem(key)

    async def stop(self) -> None:
        """Kill what still runs and remove the folder."""
        await self.processes.stop()

    def log_file(self, part: str) -> pathlib.Path:
        """The file of this part's output."""
        return self.logs / f"{part}.log"

    def data_folder(self, part: str) -> pathlib.Path:
        """A new folder for this part's data."""
        folder = self.folder / "data" / part
        folder.mkdir(parents=True)
        return folder

    def admin_kubeconfig(self, server: str) -> str:
        """Kubeconfig text of the administrator for the API server at this URL."""
        return kubeconfig.with_certificate(server, self.authority.pem, self.admin)

    def client_kubeconfig(self, server: str, user: str, groups: Iterable[str] = ()) -> str:
        """Kubeconfig text of any user, with a client certificate signed here."""
        client = self.authority.client(user, tuple(groups))
        return kubeconfig.with_certificate(server, self.authority.pem, client)

    def keep_logs(self) -> pathlib.Path:
        """Leave the logs where they are after `stop`; that folder."""
        self.processes.keep(self.logs)
        self.kept_logs = self.logs
        return self.logs
