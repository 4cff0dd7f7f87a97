"""The meaning of an answer: a value, or an error with its cure. Pure.

Texts are read only where a status has several meanings: Vault and OpenBao share them there. What is
not known counts as unavailable, never as absent.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Final, NoReturn
from urllib import parse

from akoo_tenancy.store import errors
from akoo_tenancy.store.calls import (
    LOGINS,
    LostError,
    Route,
    TokenRefusedError,
    VaultAnswer,
    VaultCall,
)
from akoo_tenancy.store.errors import Cause

SHORT_SECONDS: Final = 1.0
_NO_BODY_IS_GOOD: Final = frozenset({Route.DESTROY, Route.REVOKE})


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """The server and our part of it, for messages."""

    address: str
    namespace: str = ""
    mount: str = ""


def check(call: VaultCall, answer: VaultAnswer, place: Place) -> None:
    """Return for a good answer. Raises a StoreError, or TokenRefusedError."""
    if answer.status in (200, 204):
        if answer.body is None and not (answer.empty and call.route in _NO_BODY_IS_GOOD):
            _not_vault(call, answer, place)
        return
    if 300 <= answer.status < 400:
        _redirected(answer, place)
    if answer.errors is None and not answer.data and answer.status not in (429, 500, 502, 503, 504):
        raise errors.MisconfiguredError(
            f"{place.address} answers {answer.status}, but not as Vault or OpenBao does. Correct "
            "plugins.tenancy.vault.address, or let the proxy before it pass."
        )
    match answer.status:
        case 400:
            _refused(call, answer, place)
        case 403:
            if call.route in LOGINS:
                raise login_failed(call, answer, place)
            raise TokenRefusedError
        case 404:
            _missing(call, answer, place)
        case 405 | 413 | 415:
            raise _strange(call, answer, place)
    raise _unavailable(call, answer, place)


def denied(call: VaultCall, place: Place) -> errors.DeniedError:
    """The error of a live token whose policy is too narrow."""
    verb = _CAPABILITIES.get(call.route, "read")
    return errors.DeniedError(
        f"The policy does not allow {verb} on {call.policy_path} ({_where(place)}). Add this to "
        "the policy of the operator's role in Vault.",
        call.policy_path,
    )


def denied_unseen(call: VaultCall, place: Place) -> errors.DeniedError:
    """The error of a token that is refused, and that may not look at itself."""
    error = denied(call, place)
    return errors.DeniedError(
        f"{error} Or the token was revoked: nobody can tell, since the policy does not allow read "
        "on auth/token/lookup-self either. Add that, too.",
        error.path,
    )


def lost(call: VaultCall, problem: LostError, place: Place) -> errors.UnavailableError:
    """The error of a call without an answer."""
    return errors.UnavailableError(
        f"No answer from {place.address} to {call.route}: {problem.problem}. Check the address, "
        "the network, and whether Vault runs; it is asked again.",
        Cause.UNREACHABLE,
        outcome_unknown=call.writes and problem.sent,
    )


def login_failed(call: VaultCall, answer: VaultAnswer, place: Place) -> errors.UnavailableError:
    """The error of a refused login."""
    words = "; ".join(answer.errors or ()).strip()[:200]
    role = f' with role "{call.role}"' if call.role else ""
    return errors.UnavailableError(
        f"{place.address} refuses the login at auth/{call.mount}{role}"
        f"{f' ({words})' if words else ''}. Check mount and role, and for Kubernetes whether Vault "
        "reaches the API server; it is tried again.",
        Cause.LOGIN,
        retry_seconds=5.0,
    )


def no_kv2(place: Place, actual: str) -> errors.MisconfiguredError:
    """The error of a mount of another kind."""
    return errors.MisconfiguredError(
        f'"{place.mount}" is {actual} ({_where(place)}), but a KV mount of version 2 is needed. '
        "Correct plugins.tenancy.vault.mount, or upgrade it with vault kv enable-versioning."
    )


_CAPABILITIES: Final = {
    Route.WRITE: "create and update",
    Route.DESTROY: "update",
    Route.LIST: "list",
    Route.RENEW: "update",
    Route.REVOKE: "update",
}


def _where(place: Place) -> str:
    namespace = f", namespace {place.namespace}" if place.namespace else ""
    return f"{place.address}{namespace}"


def _text(answer: VaultAnswer) -> str:
    return " ".join(answer.errors or ())


def _refused(call: VaultCall, answer: VaultAnswer, place: Place) -> NoReturn:
    text = _text(answer)
    if call.route in LOGINS:
        raise login_failed(call, answer, place)
    if "did not match the current version" in text:
        raise errors.ConflictError(
            f"{call.mount}/{call.path} is not at version {call.version} any more: another writer "
            "was faster. It is read again."
        )
    if re.search(r"[Uu]pgrad(e|ing) from non-versioned", text):
        raise errors.UnavailableError(
            f'Mount "{place.mount}" is being made ({_where(place)}); it is asked again.',
            Cause.FAILING,
            retry_seconds=SHORT_SECONDS,
        )
    if "HTTP request to an HTTPS server" in text:
        raise errors.MisconfiguredError(f"{place.address} wants https. Correct the address.")
    if text.strip() == "Forbidden":
        raise denied(call, place)
    raise _strange(call, answer, place)


def _missing(call: VaultCall, answer: VaultAnswer, place: Place) -> NoReturn:
    text = _text(answer)
    metadata = answer.data.get("metadata")
    if isinstance(metadata, dict):
        version, destroyed = int(metadata.get("version", 0)), bool(metadata.get("destroyed"))
        raise errors.DeletedError(
            f"Version {version} of {call.mount}/{call.path} was "
            f"{'destroyed' if destroyed else 'deleted'} in Vault ({_where(place)}).",
            version=version,
            destroyed=destroyed,
        )
    if "no handler for route" in text or "route entry not found" in text:
        raise errors.MisconfiguredError(
            f'There is no mount "{call.mount}" ({_where(place)}). Make a KV mount of version 2, or '
            "correct plugins.tenancy.vault.mount."
        )
    if "namespace not found" in text:
        raise errors.MisconfiguredError(
            f'There is no namespace "{place.namespace}" at {place.address}. Correct '
            "plugins.tenancy.vault.namespace."
        )
    if answer.errors == ():
        about = f"Version {call.version} of " if call.version else ""
        raise errors.AbsentError(
            f"{about}{call.mount}/{call.path} is not in Vault ({_where(place)})."
        )
    raise _strange(call, answer, place)


def _unavailable(call: VaultCall, answer: VaultAnswer, place: Place) -> errors.UnavailableError:
    text = _text(answer)
    if answer.status == 503 and "locked" in text:
        return errors.UnavailableError(
            f"An administrator locked the namespace ({_where(place)}). Unlock it; work goes on by "
            "itself.",
            Cause.LOCKED,
        )
    if answer.status in (501, 503) and ("sealed" in text or "not initialized" in text):
        return errors.UnavailableError(
            f"Vault at {place.address} is sealed. Unseal it; work goes on by itself.", Cause.SEALED
        )
    if answer.status in (412, 429):
        behind = answer.errors == ()
        problem = "is behind the last write" if behind else "asks us to slow down"
        return errors.UnavailableError(
            f"{place.address} {problem} ({answer.status}); it is asked again.",
            Cause.THROTTLED,
            retry_seconds=SHORT_SECONDS if behind else 5.0,
        )
    return errors.UnavailableError(
        f"{place.address} fails with {answer.status} on {call.route}. Look at its log and its "
        "audit devices; it is asked again.",
        Cause.FAILING,
        outcome_unknown=call.writes,
    )


def _redirected(answer: VaultAnswer, place: Place) -> NoReturn:
    target = parse.urlsplit(answer.location).netloc.rpartition("@")[2][:80] or "another place"
    if answer.status in (307, 308) and "/v1/" in answer.location:
        raise errors.UnavailableError(
            f"{place.address} is a standby that sends us to {target}. Tokens are not carried "
            "there. Let plugins.tenancy.vault.address name the active node; it is asked again.",
            Cause.FAILING,
        )
    raise errors.MisconfiguredError(
        f"{place.address} redirects to {target}. Tokens are not carried there. Correct "
        "plugins.tenancy.vault.address."
    )


def _not_vault(call: VaultCall, answer: VaultAnswer, place: Place) -> NoReturn:
    if call.route is Route.WRITE and answer.status == 204:
        raise no_kv2(place, "a mount of version 1")
    raise errors.MisconfiguredError(
        f"{place.address} answers {call.route} with something that is no JSON of Vault or OpenBao, "
        "such as a page of a proxy. Correct plugins.tenancy.vault.address, or let the proxy pass."
    )


def _strange(call: VaultCall, answer: VaultAnswer, place: Place) -> errors.UnexpectedError:
    """The words of the server are left out: a body of ours may be quoted in them."""
    return errors.UnexpectedError(
        f"{place.address} refuses {call.route} on {call.policy_path} as wrong ({answer.status}). "
        "This is a defect, or an unknown release of Vault; report it."
    )
