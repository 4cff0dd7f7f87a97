"""Requests to one Vault or OpenBao by hvac. Everything here blocks; the only module with hvac.

hvac is restrained here, because of its behaviour (release 2.4.0):

- without a token it reads VAULT_TOKEN and ``~/.vault-token``: ours is always a text;
- it follows redirects, and carries token and body to another host;
- its session obeys proxies, netrc and CA bundles of the environment, and its ``verify`` is ignored
  beside a session of the caller;
- its results differ by status and content type, its exceptions drop the status, and those of
  requests hold the request with token and body;
- it sends the method LIST, which proxies do not know: ``strict_http`` makes it a GET.

So the adapter here gives every answer back as a value, and hvac only makes the requests.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import hvac
import requests
from akoo_avi.client.https import adapter, causes
from hvac import adapters

from akoo_core.plugin import structs, trust
from akoo_tenancy.store import errors
from akoo_tenancy.store.calls import LostError, Route, Secret, VaultAnswer, VaultCall

CONNECT_SECONDS: Final = 2.0
READ_SECONDS: Final = 5.0
LARGEST_BYTES: Final = 4 << 20
"""Largest answer that is read."""


class _StrictAdapter(adapters.RawAdapter):  # type: ignore[misc]
    """Gives each answer back as a VaultAnswer, whatever its status. ``extra``: further headers."""

    def __init__(self, *, extra: Mapping[str, str], **options: Any) -> None:
        super().__init__(**options)
        self._extra = extra

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        raise_exception: bool = False,
        **kwargs: Any,
    ) -> VaultAnswer:
        response = super().request(
            method,
            url,
            headers={**(headers or {}), **self._extra},
            raise_exception=False,
            stream=True,
            **kwargs,
        )
        with response:
            content = _content(response)
        return VaultAnswer(
            status=response.status_code,
            body=_object(content),
            empty=not content,
            index=response.headers.get("X-Vault-Index", ""),
            location=response.headers.get("Location", ""),
        )


class HvacSession:
    """Requests to one server. Its calls may come from several threads at once.

    ``ca_pem`` "": the CAs of the system; ``ca_source`` names the CA in messages. Raises
    MisconfiguredError for a CA that is none.
    """

    def __init__(
        self, address: str, *, namespace: str, ca_pem: bytes, ca_source: str, connections: int
    ) -> None:
        self._address = address
        self._namespace = namespace.strip("/") or None
        self._anchors = ca_source or trust.system_anchors()
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = True
        self._session.headers["User-Agent"] = "akoo-core"
        context = _trusting(ca_pem, ca_source)
        self._session.mount(
            "https://",
            adapter.TrustingAdapter(context=context, pool_maxsize=connections, max_retries=0),
        )
        self._session.adapters.pop("http://")

    def send(self, call: VaultCall, *, token: Secret, headers: Mapping[str, str]) -> VaultAnswer:
        """The answer, whatever its status. Raises LostError, MisconfiguredError."""
        client = hvac.Client(
            url=self._address,
            token=token.value,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
            verify=True,
            session=self._session,
            adapter=_StrictAdapter,
            namespace=self._namespace,
            strict_http=True,
            extra=headers,
        )
        with _translated(self._address, self._anchors):
            answer = _REQUESTS[call.route](client, call)
        if not isinstance(answer, VaultAnswer):
            raise TypeError("hvac made its own of the answer")
        return answer

    def close(self) -> None:
        """Release sockets. Does not wait."""
        self._session.close()


def _kv(client: Any) -> Any:
    return client.secrets.kv.v2


_REQUESTS: Final[Mapping[Route, Callable[[Any, VaultCall], Any]]] = {
    Route.READ: lambda client, call: _kv(client).read_secret_version(
        call.path,
        version=call.version or None,
        mount_point=call.mount,
        raise_on_deleted_version=True,
    ),
    Route.WRITE: lambda client, call: _kv(client).create_or_update_secret(
        call.path, call.data, cas=call.version, mount_point=call.mount
    ),
    Route.DESTROY: lambda client, call: _kv(client).destroy_secret_versions(
        call.path, list(call.versions), mount_point=call.mount
    ),
    Route.METADATA: lambda client, call: _kv(client).read_secret_metadata(
        call.path, mount_point=call.mount
    ),
    Route.LIST: lambda client, call: _kv(client).list_secrets(call.path, mount_point=call.mount),
    Route.MOUNT: lambda client, call: client.adapter.get(f"/v1/{call.policy_path}"),
    Route.SEAL_STATUS: lambda client, _call: client.sys.read_seal_status(),
    Route.KUBERNETES: lambda client, call: client.auth.kubernetes.login(
        call.role, call.credential.value, use_token=False, mount_point=call.mount
    ),
    Route.JWT: lambda client, call: client.auth.jwt.jwt_login(
        call.role, call.credential.value, use_token=False, path=call.mount
    ),
    Route.APPROLE: lambda client, call: client.auth.approle.login(
        call.role, call.credential.value, use_token=False, mount_point=call.mount
    ),
    Route.LOOKUP: lambda client, _call: client.auth.token.lookup_self(),
    Route.RENEW: lambda client, _call: client.auth.token.renew_self(),
    Route.REVOKE: lambda client, _call: client.auth.token.revoke_self(),
}


def _content(response: requests.Response) -> bytes:
    content = b""
    for part in response.iter_content(1 << 16):
        content += part
        if len(content) > LARGEST_BYTES:
            return b"\0"  # an answer that is none
    return content


def _object(content: bytes) -> structs.JSON | None:
    """The JSON object, by its content: proxies change the content type."""
    try:
        value = structs.decode_json(content)
    except structs.DecodeError:
        return None
    return value if isinstance(value, dict) else None


def _trusting(ca_pem: bytes, ca_source: str) -> ssl.SSLContext:
    try:
        return adapter.context(ca_pem, use="vault")
    except ValueError:
        raise errors.MisconfiguredError(
            f"{ca_source} holds no certificate in PEM. Correct plugins.tenancy.vault.caFile."
        ) from None


@contextlib.contextmanager
def _translated(address: str, anchors: str) -> Iterator[None]:
    """Translate errors of requests and urllib3 to ours. They hold the request: it is removed."""
    try:
        yield
    except requests.exceptions.RequestException as error:
        error.request = error.response = None
        raise _translation(error, address, anchors) from None
    except OSError:
        raise LostError("the connection was cut", sent=True) from None


def _translation(
    error: requests.exceptions.RequestException, address: str, anchors: str
) -> LostError | errors.MisconfiguredError:
    refused = causes.certificate_error(error)
    if refused is not None:
        return errors.MisconfiguredError(
            f"The certificate of {address} is not trusted: "
            f"{trust.advice(refused, anchors=anchors)} Correct plugins.tenancy.vault.caFile."
        )
    loss = causes.loss(error)
    if loss is None:
        return errors.MisconfiguredError(
            f"{address} does not speak TLS as it should. Correct plugins.tenancy.vault.address."
        )
    return LostError(loss.problem, sent=loss.sent)
