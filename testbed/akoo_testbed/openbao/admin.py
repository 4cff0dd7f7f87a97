"""Client of an administrator of OpenBao: what a test arranges and looks at."""

import json
import secrets
import ssl
import typing
from collections.abc import Mapping, Sequence

import aiohttp

from akoo_testbed import errors, waiting

_SECONDS = 10.0

Json = dict[str, typing.Any]


class AnswerError(errors.TestbedError):
    """An answer that is no success. `status` is that of HTTP."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Admin:
    """Requests with one token. Raises AnswerError and aiohttp.ClientError."""

    def __init__(self, url: str, tls: ssl.SSLContext, token: str = "") -> None:
        self.url = url
        self._tls = tls
        self.token = token
        """Secret."""

    async def ask(self, method: str, path: str, body: Json | None = None) -> Json:
        """One request under /v1/; its JSON, empty where it has none."""
        headers = {"X-Vault-Token": self.token} if self.token else {}
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
            session.request(
                method, f"{self.url}/v1/{path}", json=body, ssl=self._tls, allow_redirects=False
            ) as response,
        ):
            text = await response.text()
            if response.status >= 300:
                raise AnswerError(f"{method} {path}: {response.status} {text}", response.status)
            return typing.cast("Json", json.loads(text)) if text else {}

    # The server.

    async def initialise(self, *, persistent: bool) -> Json:
        """Initialise an empty server; `root_token` and, if not persistent, `keys`."""
        kind = "recovery" if persistent else "secret"
        return await self.ask("PUT", "sys/init", {f"{kind}_shares": 1, f"{kind}_threshold": 1})

    async def unseal(self, key: str) -> None:
        """Unseal a server that does not unseal itself."""
        await self.ask("PUT", "sys/unseal", {"key": key})

    async def seal(self) -> None:
        """Seal the server: every other request fails with 503 until it is unsealed."""
        await self.ask("PUT", "sys/seal")

    # Secrets engines and policies.

    async def mount_kv(self, *, prefix: str = "kv", cas_required: bool = True) -> str:
        """A new KV v2 mount; its path."""
        path = f"{prefix}-{secrets.token_hex(4)}"
        await self.ask("POST", f"sys/mounts/{path}", {"type": "kv", "options": {"version": "2"}})
        config = {"cas_required": cas_required, "max_versions": 20}

        async def configured() -> bool:
            try:
                await self.ask("POST", f"{path}/config", config)
            except AnswerError as error:
                if error.status != 400 or "Upgrading" not in str(error):
                    raise
                return False  # a new mount of version 2 is made in two steps
            return True

        await waiting.until(configured, title=f"mount {path}", seconds=_SECONDS)
        return path

    async def unmount(self, path: str) -> None:
        """Remove a mount with its secrets."""
        await self.ask("DELETE", f"sys/mounts/{path}")

    async def write_policy(self, name: str, paths: Mapping[str, Sequence[str]]) -> None:
        """A policy: capabilities by path."""
        rules = {path: {"capabilities": list(names)} for path, names in paths.items()}
        await self.ask("PUT", f"sys/policies/acl/{name}", {"policy": json.dumps({"path": rules})})

    async def create_token(
        self, *policies: str, ttl: str = "20m", max_ttl: str = "", renewable: bool = True
    ) -> str:
        """A token with these policies; secret."""
        body: Json = {"policies": list(policies), "ttl": ttl, "renewable": renewable}
        if max_ttl:
            body["explicit_max_ttl"] = max_ttl
        answer = await self.ask("POST", "auth/token/create", body)
        return str(answer["auth"]["client_token"])

    async def revoke_token(self, token: str) -> None:
        """End a token at once."""
        await self.ask("POST", "auth/token/revoke", {"token": token})

    async def secrets_under(self, mount: str, prefix: str = "") -> list[str]:
        """Paths of all secrets below a prefix, those whose versions are deleted included."""
        try:
            answer = await self.ask("LIST", f"{mount}/metadata/{prefix}")
        except AnswerError as error:
            if error.status == 404:
                return []
            raise
        paths: list[str] = []
        for key in answer["data"]["keys"]:
            if key.endswith("/"):
                paths += await self.secrets_under(mount, f"{prefix}{key}")
            else:
                paths.append(f"{prefix}{key}")
        return paths

    # Ways to log in.

    async def enable(self, kind: str) -> str:
        """A new auth mount (`kubernetes`, `jwt`, `approle`); its path."""
        path = f"{kind}-{secrets.token_hex(4)}"
        await self.ask("POST", f"sys/auth/{path}", {"type": kind})
        return path

    async def trust_cluster(self, mount: str, server: str, ca_pem: str, reviewer: str) -> None:
        """Let a `kubernetes` mount review tokens at an API server.

        `reviewer` is a token for that API server itself: one that is bound to the audience of
        OpenBao cannot review.
        """
        await self.ask(
            "POST",
            f"auth/{mount}/config",
            {
                "kubernetes_host": server,
                "kubernetes_ca_cert": ca_pem,
                "token_reviewer_jwt": reviewer,
                "disable_local_ca_jwt": True,
            },
        )

    async def trust_key(self, mount: str, public_key_pem: str) -> None:
        """Let a `jwt` mount verify tokens by the key that signs those of ServiceAccounts."""
        body = {"jwt_validation_pubkeys": [public_key_pem]}
        await self.ask("POST", f"auth/{mount}/config", body)

    async def write_role(self, mount: str, name: str, **fields: typing.Any) -> None:
        """A role of an auth mount."""
        await self.ask("POST", f"auth/{mount}/role/{name}", fields)
