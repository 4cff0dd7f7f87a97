"""The OpenBao of the stories, at an address that stays whatever happens behind it."""

from __future__ import annotations

import pathlib
import shutil
from typing import Any, Final

from akoo_tenancy.testing import administrator
from akoo_testbed import bed as beds
from akoo_testbed import kubeapi, parts
from akoo_testbed.openbao import AnswerError, Fault, Front, OpenBaoOptions

from akoo_core.sandbox import install

MOUNT: Final = "akoo"
PREFIX: Final = "akoo-core"
POLICY: Final = "akoo-core"
AUDIENCE: Final = "vault"
LOGIN: Final = "kubernetes"

Object = dict[str, Any]


class Vault:
    """A server that keeps its data, a front with faults before it, and its administrator."""

    def __init__(self, bed: beds.Bed) -> None:
        self._bed = bed
        self.part = parts.OpenBao(bed.base, OpenBaoOptions(persistent=True))
        self.front: Front
        self._trusted: list[tuple[str, str]] = []
        """Auth mounts, and the URLs of their API servers."""

    async def open(self) -> None:
        """Start it, and let operators of the bed's management cluster log in."""
        await self.part.start()
        await self.part.ready()
        self.front = self.part.front()
        await self.front.open()
        _write(self._folder / "ca.crt", self._bed.base.authority.pem)
        await self.trust(self._bed.api, self._bed.management.url, self._bed.base.authority.pem)

    async def close(self) -> None:
        if hasattr(self, "front"):
            await self.front.close()
        await self.part.stop()

    async def trust(
        self, api: kubeapi.KubeApi, url: str, ca_pem: str, login: str = LOGIN
    ) -> dict[str, str]:
        """Let the operator of one more management cluster log in; its settings, by variable."""
        await install.account(api)
        for obj in administrator.reviewer():
            await api.apply(obj)
        _write(self._folder / f"{login}.crt", ca_pem)
        _write(
            self._folder / f"{login}.reviewer",
            await api.token("kube-system", administrator.REVIEWER),
        )
        token = await api.token(install.NAMESPACE, install.ACCOUNT, AUDIENCE)
        _write(self._folder / f"{login}.jwt", token)
        self._trusted.append((login, url))
        await self._set_up(login, url)
        return self.variables(login)

    def variables(self, login: str = LOGIN) -> dict[str, str]:
        """The settings of an operator that keeps its accounts here."""
        prefix = "AKOO_PLUGINS__TENANCY__"
        return {
            f"{prefix}STORE": "Vault",
            f"{prefix}VAULT__ADDRESS": self.front.url,
            f"{prefix}VAULT__CA_FILE": str(self._folder / "ca.crt"),
            f"{prefix}VAULT__LOGIN__METHOD": "Kubernetes",
            f"{prefix}VAULT__LOGIN__MOUNT": login,
            f"{prefix}VAULT__LOGIN__ROLE": "akoo-core",
            f"{prefix}VAULT__LOGIN__JWT_FILE": str(self._folder / f"{login}.jwt"),
        }

    # What happens to it.

    async def away(self) -> None:
        """Its process is killed."""
        await self.part.stop()

    async def back(self) -> None:
        """Its process is started, and it opens itself."""
        await self.part.start()
        await self.part.ready()

    async def emptied(self) -> None:
        """It starts with nothing in it; then its administrator prepares it anew."""
        await self.part.stop()
        shutil.rmtree(self._data)
        await self.back()
        for login, url in self._trusted:
            await self._set_up(login, url)

    async def saved(self, name: str) -> None:
        """A backup of all that is in it."""
        await self.part.stop()
        shutil.copytree(self._data, self._folder / name)
        await self.back()

    async def restored(self, name: str) -> None:
        """It has the data of a backup, and nothing that came later."""
        await self.part.stop()
        shutil.rmtree(self._data)
        shutil.copytree(self._folder / name, self._data)
        await self.back()

    async def end_tokens(self) -> None:
        """All tokens of operators end at once."""
        for login, _ in self._trusted:
            await self.part.admin.ask("PUT", f"sys/leases/revoke-prefix/auth/{login}", {})

    async def forbid_writes(self) -> None:
        """The policy allows reading alone."""
        reads = {
            f"{MOUNT}/data/{PREFIX}/*": ["read"],
            f"{MOUNT}/metadata/{PREFIX}/*": ["read", "list"],
        }
        await self.part.admin.write_policy(POLICY, reads)

    async def allow_writes(self) -> None:
        """The policy is as documented again."""
        login, url = self._trusted[0]
        await self._set_up(login, url)

    def mend(self) -> None:
        """No fault is left in the front."""
        self.front.release()

    def inject(self, fault: Fault) -> int:
        return self.front.inject(fault)

    # What is there.

    async def record(self, name: str) -> Object:
        """The current value of a record; {} for none. Holds passwords."""
        path = f"{MOUNT}/data/{PREFIX}/clusters/{name}"
        try:
            value = (await self.part.admin.ask("GET", path))["data"]["data"]
        except AnswerError as error:
            if error.status == 404:
                return {}
            raise
        return dict(value or {})

    async def readable_versions(self, name: str) -> int:
        """Number of versions of a record that can still be read."""
        path = f"{MOUNT}/metadata/{PREFIX}/clusters/{name}"
        versions = (await self.part.admin.ask("GET", path))["data"]["versions"].values()
        return sum(1 for row in versions if not row["destroyed"] and not row["deletion_time"])

    @property
    def _data(self) -> pathlib.Path:
        return self._bed.base.folder / self.part.name / "data"

    @property
    def _folder(self) -> pathlib.Path:
        folder = self._bed.base.folder / "vault-login"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    async def _set_up(self, login: str, url: str) -> None:
        """Run the script of the administrator. Raises RuntimeError."""
        variables = {
            "HOME": str(self._folder),
            "BAO_ADDR": self.part.url,
            "BAO_TOKEN": self.part.admin.token,
            "BAO_CACERT": str(self._folder / "ca.crt"),
            "LOGIN": "kubernetes",
            "AUTH_MOUNT": login,
            "KUBERNETES_HOST": url,
            "KUBERNETES_CA": str(self._folder / f"{login}.crt"),
            "REVIEWER": str(self._folder / f"{login}.reviewer"),
            "MOUNT": MOUNT,
            "PREFIX": PREFIX,
            "POLICY": POLICY,
            "AUDIENCE": AUDIENCE,
        }
        await administrator.set_up(variables)


def _write(path: pathlib.Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
