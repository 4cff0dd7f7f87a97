"""The Authorization header in the management cluster, read and renewed by kubernetes_asyncio."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from akoo_core import errors
from akoo_core.kube import errors as kube_errors
from akoo_core.telemetry import redaction

EXEC_SECONDS = 30.0
"""Deadline for a credential plugin."""


class ServiceAccount:
    """The projected token of our Pod."""

    def __init__(self, configuration: Any) -> None:
        self._configuration = configuration
        self._registered: str | None = None

    async def header(self) -> str | None:
        # Asking runs the hook that reads the file again when a minute has passed.
        value: str | None = await self._configuration.get_api_key_with_prefix("BearerToken")
        if value != self._registered:
            _register(value)
            self._registered = value
        return value

    async def renew(self) -> bool:
        return False


class LoadedUser:
    """The user of a kubeconfig; plugins are run again when their token ends, or after a 401."""

    def __init__(self, loader: Any, user: dict[str, Any]) -> None:
        self._loader = loader
        self._user = user
        self._header: str | None = None
        self._loading = asyncio.Lock()

    @property
    def exec_certificate(self) -> tuple[str, str] | None:
        """The files of a client certificate that a plugin gave instead of a token."""
        certificate = getattr(self._loader, "cert_file", None)
        return (
            (certificate, self._loader.key_file) if certificate and "exec" in self._user else None
        )

    async def load(self) -> None:
        """Run the program of the kubeconfig. Raises InputError or ConfigException."""
        from kubernetes_asyncio import client  # noqa: PLC0415

        configuration = client.Configuration()
        try:
            async with asyncio.timeout(EXEC_SECONDS):
                await self._loader.load_and_set(configuration)
        except TimeoutError as error:
            message = f"its credential plugin did not end within {EXEC_SECONDS:.0f} s"
            raise errors.InputError(message) from error
        except (OSError, ValueError, TypeError, AssertionError) as error:
            message = f"its user's credential cannot be loaded ({type(error).__name__})"
            raise errors.InputError(message) from error
        self._header = configuration.api_key.get("BearerToken")
        _register(self._header)

    async def header(self) -> str | None:
        if self._expires:
            async with self._loading:
                await self._load_again()  # asks the plugin only if its token has ended
        return self._header

    async def renew(self) -> bool:
        if not self._renewable:
            return False
        async with self._loading:
            before = self._header
            with contextlib.suppress(AttributeError):
                del self._loader.exec_plugin_expiry
            await self._load_again()
            return self._header != before

    async def _load_again(self) -> None:
        """Load again in the middle of work: a failure is a refusal like a 401, and may pass."""
        from kubernetes_asyncio.config import ConfigException  # noqa: PLC0415

        try:
            await self.load()
        except (errors.InputError, ConfigException) as error:
            # What a plugin printed stays out: it could be the credential.
            message = "the kubeconfig's credential could not be loaded again; try it with kubectl"
            raise kube_errors.UnauthorizedError(message) from (
                error if isinstance(error, errors.InputError) else None
            )

    @property
    def _renewable(self) -> bool:
        return bool({"exec", "auth-provider", "tokenFile"} & self._user.keys())

    @property
    def _expires(self) -> bool:
        return hasattr(self._loader, "exec_plugin_expiry") or "auth-provider" in self._user


def _register(header: str | None) -> None:
    """Mask the credential of an Authorization header wherever text leaves this process."""
    if header:
        redaction.register(header.partition(" ")[2])
