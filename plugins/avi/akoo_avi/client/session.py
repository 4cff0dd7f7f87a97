"""One login of avisdk with one controller. Everything here blocks; the only module with avisdk.

avisdk is restrained here, because of its behaviour (measured, release 32.1.4):

- its sessions share their tokens in a dictionary of the process, by a key that equal credentials
  have in common: each session here has a key of its own;
- it logs in again by itself on 401 and 419, in any thread, also before it gives up: a hook takes
  such answers away before it sees them. A login is an object, and a new login is a new object;
- it logs idle sessions of others out, over the network, whenever a session is made: ours are never
  idle;
- by default it follows redirects, obeys proxies and CA bundles of the environment, and resends a
  POST whose connection was lost.
"""

from __future__ import annotations

import contextlib
import datetime
import itertools
import ssl
import time
import warnings
from collections.abc import Iterator
from typing import Any

import requests

from akoo_avi.client import address as avi_address
from akoo_avi.client import calls, errors, logs, versions
from akoo_avi.client.credential import Credential
from akoo_avi.client.https import adapter, causes
from akoo_core.plugin import trust

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # docstrings with invalid escapes
    from avi.sdk import avi_api

_numbers = itertools.count(1)
_SESSION_REFUSED = (401, 419)


class _RefusedError(Exception):
    """An answer that makes avisdk log in again."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__("the session is not accepted")
        self.response = response


def _take_away(response: requests.Response, *_: Any, **__: Any) -> None:
    if response.status_code in _SESSION_REFUSED:
        response.content  # noqa: B018 - reads it, which frees the connection
        raise _RefusedError(response)


class _AvisdkSession(avi_api.ApiSession):  # type: ignore[misc]
    """avisdk's session without its shared memory, its own logins, and redirects."""

    _over = False

    def is_ipv6_address(self, controller_ip: str) -> bool:
        return ":" in controller_ip  # avisdk's own warns of every name

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None  # answers 3xx come back as they are

    def authenticate_session(self) -> None:
        if self._over:  # avisdk would log in where its dictionary has forgotten the session
            raise calls.LostError("the session was closed", sent=False, ours=True)
        super().authenticate_session()
        self._update_session_last_used()

    def delete_session(self) -> None:
        self._over = True
        super().delete_session()

    def _update_session_last_used(self) -> None:
        # Never idle: whoever makes a session next would log this one out.
        avi_api.sessionDict.get(self.key, {})["last_used"] = datetime.datetime.max  # noqa: DTZ901

    def cookies_given(self) -> bool:
        """The last login gave the cookies that the next request needs."""
        known = avi_api.sessionDict.get(self.key, {})
        return bool(known.get("csrftoken") and known.get("session_id"))


class SdkSession:
    """A session that is logged in. Its requests may come from several threads at once."""

    def __init__(self, sdk: _AvisdkSession) -> None:
        self._sdk = sdk
        reported = sdk.remote_api_version
        self.version = str(reported.get("Version", "")) if isinstance(reported, dict) else ""
        """The controller's release; empty if it is unknown."""
        sdk.api_version = versions.requested(self.version)

    @classmethod
    def login(
        cls, address: str, credential: Credential, *, deadline: float, connections: int
    ) -> SdkSession | calls.AviAnswer:
        """A session, or the answer that refused it. ``deadline`` is of ``time.monotonic``.

        Raises LostError, TlsError, NotAviError, UnreachableError for what is no address.
        """
        url = avi_address.url(address)
        sdk = _new(url, credential, _trusting(credential, address), connections)
        session: SdkSession | None = None
        try:
            with _translated(address, credential.anchors), logs.masked():
                sdk.timeout = _seconds_left(deadline)
                sdk.authenticate_session()
            if not sdk.cookies_given():
                raise _not_avi(address)
            session = cls(sdk)
            return session
        except _RefusedError as refused:
            return _answer(refused.response)
        except avi_api.APIError as refused:
            return _answer(refused.rsp)
        except (KeyError, AttributeError, TypeError, ValueError):
            raise _not_avi(address) from None
        finally:
            if session is None:
                _close(sdk)

    def send(
        self, call: calls.AviCall, *, address: str, anchors: str, deadline: float
    ) -> calls.AviAnswer:
        """The answer, whatever its status. Raises LostError, TlsError."""
        name, tenant = call.tenant_header
        key = "tenant" if name == "X-Avi-Tenant" else "tenant_uuid"
        options: dict[str, Any] = {key: tenant, "data": call.body}
        if call.params:
            options["params"] = dict(call.params)
        try:
            with _translated(address, anchors), logs.masked():
                method = getattr(self._sdk, call.method.lower())
                return _answer(method(call.path, timeout=_seconds_left(deadline), **options))
        except _RefusedError as refused:
            return _answer(refused.response)

    def close(self) -> None:
        """Release sockets. Does not log out, and does not wait."""
        _close(self._sdk)


def _new(
    url: str, credential: Credential, context: ssl.SSLContext, connections: int
) -> _AvisdkSession:
    sdk = _AvisdkSession(
        "controller",
        username=credential.username,
        password=credential.password,
        verify=True,
        retry_conxn_errors=False,
        max_api_retries=0,
        lazy_authentication=True,
    )
    sdk.prefix = url
    sdk.key = f"akoo-{next(_numbers)}"
    sdk.trust_env = False
    sdk.hooks["response"].append(_take_away)
    sdk.mount(
        "https://",
        adapter.TrustingAdapter(context=context, pool_maxsize=connections, max_retries=0),
    )
    return sdk


def _close(sdk: _AvisdkSession) -> None:
    sdk.delete_session()
    sdk.close()


def _trusting(credential: Credential, address: str) -> ssl.SSLContext:
    """A context that trusts the CA of ``credential`` alone; the system's CAs if it has none."""
    try:
        return adapter.context(credential.ca_pem)
    except ValueError:
        raise errors.TlsError(
            f"The CA for {address} holds no certificate in PEM. Check {credential.ca_source}."
        ) from None


def _seconds_left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise calls.LostError("no time was left to send it", sent=False, ours=True)
    return left


def _answer(response: requests.Response) -> calls.AviAnswer:
    return calls.AviAnswer(
        status=response.status_code,
        body=response.content,
        retry_after=response.headers.get("Retry-After", ""),
        location=response.headers.get("Location", ""),
    )


def _not_avi(address: str) -> errors.NotAviError:
    return errors.NotAviError(
        f"{address} answered the login, but not as an Avi Controller does. Check the address."
    )


@contextlib.contextmanager
def _translated(address: str, anchors: str) -> Iterator[None]:
    """Translate errors of requests and urllib3 to ours: their texts hold URLs, ours the remedy."""
    try:
        yield
    except (requests.exceptions.RequestException, OSError) as error:
        raise _translation(error, address, anchors) from None


def _translation(
    error: Exception, address: str, anchors: str
) -> errors.TlsError | errors.NotAviError | calls.LostError:
    refused = causes.certificate_error(error)
    if refused is not None:
        advice = trust.advice(refused, anchors=anchors)
        return errors.TlsError(f"The certificate of {address} is not trusted: {advice}")
    if isinstance(error, ValueError):  # not JSON, not a URL
        return _not_avi(address)
    loss = causes.loss(error)
    if loss is None:
        problem = f"{address} does not speak TLS as it should. Check address and port."
        return errors.TlsError(problem)
    return calls.LostError(loss.problem, sent=loss.sent)
