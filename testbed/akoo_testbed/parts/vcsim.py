"""vcsim: a vCenter, by the simulator of govmomi behind the rules of a real one."""

import pathlib
from collections.abc import Mapping

from akoo_testbed import base
from akoo_testbed.parts import part
from akoo_testbed.process import ports
from akoo_testbed.trust import certificates
from akoo_testbed.vcsim import Control, VcsimOptions


class Vcsim(part.Part):
    """One vCenter on a port that stays, so that it can be killed and started again.

    Its state is in memory: after a restart its sessions and changes are gone. `certificate` is its
    own, instead of one that the bed's authority signs for 127.0.0.1 and localhost.
    """

    def __init__(
        self,
        bed_base: base.BedBase,
        options: VcsimOptions | None = None,
        *,
        name: str = "vcsim",
        certificate: certificates.KeyPair | None = None,
    ) -> None:
        super().__init__(bed_base, name)
        self.options = options or VcsimOptions()
        """Read at each start."""
        self.port = ports.pick()
        self._control_port = ports.pick()
        self._certificate = certificate
        self.control = Control(f"http://127.0.0.1:{self._control_port}")

    @property
    def address(self) -> str:
        """host:port of the vCenter."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """URL of its SOAP endpoint."""
        return f"https://{self.address}/sdk"

    def present(self, certificate: certificates.KeyPair) -> None:
        """Present another certificate from the next connection on."""
        self._certificate = certificate
        self._write_certificate()

    def command(self) -> list[str]:
        certificate, key = self._write_certificate()
        document = self.options.document(
            listen=self.address,
            control=f"127.0.0.1:{self._control_port}",
            certificate=str(certificate),
            key=str(key),
        )
        file = certificates.write_private(self._keys / f"{self.name}.json", document)
        return [str(self.base.built.binary("vcsim")), str(file)]

    def environment(self) -> Mapping[str, str]:
        # Datastores of the inventory are folders: they go with the bed.
        return {**super().environment(), "TMPDIR": str(self.base.folder)}

    async def probe(self) -> bool:
        return bool(await self.control.state())

    @property
    def _keys(self) -> pathlib.Path:
        return self.base.folder / "keys"

    def _write_certificate(self) -> tuple[pathlib.Path, pathlib.Path]:
        if self._certificate is None:
            self._certificate = self.base.authority.server(("localhost",), ("127.0.0.1",))
        return self._certificate.write(self._keys, self.name)
