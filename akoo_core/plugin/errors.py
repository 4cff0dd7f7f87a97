"""Errors of plugins, as types.

::

    AkooError
    ├── VerbError              a verb raised, took too long, or returned what it may not
    ├── BlockedError           .reason; raised inside a verb it becomes the result Blocked
    │   ├── HolderRefusedError          a shared object that is being deleted takes no holder
    │   ├── SecretNamespaceNotAllowedError
    │   ├── SecretMissingError
    │   ├── SecretInvalidError
    │   ├── HostNotAllowedError         a credential is not sent to this address
    │   ├── LineBreakError
    │   └── KeptForeignError            somebody else made a Secret at a name that a plugin keeps
    ├── KeptConflictError      another was first to write a kept Secret: read it again
    ├── OutOfScopeError        a controller touched a kind it did not register
    ├── ThreadsExhaustedError  every thread of a plugin's pool hangs in a call
    └── ThreadsClosedError     the pool was closed

A plugin that cannot run (unknown, broken, badly declared, wrong settings) is an InputError, and an
UnchosenError where a setting without a default is missing.
"""

from __future__ import annotations

import re

from akoo_core.errors import AkooError, InputError, UnchosenError, near

__all__ = [
    "AkooError",
    "BlockedError",
    "HolderRefusedError",
    "HostNotAllowedError",
    "InputError",
    "KeptConflictError",
    "KeptForeignError",
    "LineBreakError",
    "OutOfScopeError",
    "SecretInvalidError",
    "SecretMissingError",
    "SecretNamespaceNotAllowedError",
    "ThreadsClosedError",
    "ThreadsExhaustedError",
    "UnchosenError",
    "VerbError",
    "describe",
    "near",
]

MESSAGE_LIMIT = 300
"""Characters of a foreign exception's first line that are kept."""
SEARCH_LIMIT = 4 * MESSAGE_LIMIT
"""Characters of it that are searched for secrets, which may make them fewer."""

_HIDDEN = "***"
_WORDS = (
    r"password|passwd|passphrase|pwd|token|secret|api[-_]?key|authorization|cookie|session[-_]?id"
)
_SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"://[^/\s@]+@"), f"://{_HIDDEN}@"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"), rf"\1 {_HIDDEN}"),
    (
        re.compile(
            rf"(?i)((?<![\w-])[\w-]*(?:{_WORDS})[\w-]*[\"']?\s*[:=]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;&)}}]+)"
        ),
        rf"\1{_HIDDEN}",
    ),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*|\bhvs\.[\w-]+"), _HIDDEN),
    (re.compile(r"-----BEGIN .*"), _HIDDEN),
)


class VerbError(AkooError):
    """A verb did not give a result. Retried with backoff; the cause is chained.

    The message is safe to show; the chained cause is a plugin's own exception and may hold
    anything, so it must not be logged or traced whole.
    """

    def __init__(self, plugin: str, verb: str, problem: str, *, timed_out: bool = False) -> None:
        super().__init__(f"{verb} of plugin {plugin}: {problem}")
        self.plugin = plugin
        self.verb = verb
        self.problem = problem
        self.timed_out = timed_out


class BlockedError(AkooError):
    """Somebody must do something first. ``reason`` is a CamelCase noun, as in a condition."""

    reason = "Blocked"

    def __init__(self, message: str, *, reason: str | None = None) -> None:
        super().__init__(message)
        if reason is not None:
            self.reason = reason


class HolderRefusedError(BlockedError):
    """A shared object that is being deleted stays for its users, and takes no new ones."""

    reason = "HolderRefused"


class SecretNamespaceNotAllowedError(BlockedError):
    """Secrets are read from allowed namespaces only (setting ``allowedSecretNamespaces``)."""

    reason = "SecretNamespaceNotAllowed"


class SecretMissingError(BlockedError):
    """A Secret, or its key, that is not optional is not there."""

    reason = "SecretMissing"


class SecretInvalidError(BlockedError):
    """A user name, a password or a CA in a Secret is empty or no text."""

    reason = "SecretInvalid"


class HostNotAllowedError(BlockedError):
    """The Secret of a credential lists the addresses that it may be sent to, and not this one."""

    reason = "HostNotAllowed"


class LineBreakError(BlockedError):
    """A user name or a password holds a line break, which no system accepts."""

    reason = "CredentialHasLineBreak"


class KeptForeignError(BlockedError):
    """A Secret at a name that a plugin keeps was not made by that plugin, or cannot be read."""

    reason = "KeptSecretForeign"


class KeptConflictError(AkooError):
    """A kept Secret is not as it was read: another process wrote or deleted it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"kept Secret {name!r} was written or deleted since it was read")
        self.name = name


class OutOfScopeError(AkooError, PermissionError):
    """A plugin's controller used a kind it did not declare; the message names both."""

    def __init__(self, plugin: str, message: str) -> None:
        super().__init__(message)
        self.plugin = plugin


class ThreadsExhaustedError(AkooError):
    """No thread is left: each one hangs in a call that is past its deadline."""


class ThreadsClosedError(AkooError):
    """The pool is closed: the process stops."""


def describe(error: BaseException, *, last: bool = False) -> str:
    """``ValueError: first line``, shortened, with what looks like a secret hidden.

    ``last`` takes the last line instead, where import errors say what is missing. Of a group of
    exceptions the first leaf, and how many there are besides.
    """
    leaves = _leaves(error)
    first = leaves[0]
    lines = _text(first).strip().splitlines()
    # Cut before it is searched for secrets: that takes longer than the line is long.
    text = _redact(lines[-1 if last else 0].strip()[:SEARCH_LIMIT]) if lines else ""
    if len(text) > MESSAGE_LIMIT:
        text = text[: MESSAGE_LIMIT - 3] + "..."
    others = f" (and {len(leaves) - 1} more)" if len(leaves) > 1 else ""
    return f"{type(first).__name__}{': ' if text else ''}{text}{others}"


def _text(error: BaseException) -> str:
    """The text of an exception, which may be able to say nothing, or what cannot be encoded."""
    try:
        return str(error).encode(errors="replace").decode()
    except Exception:  # noqa: BLE001 - a plugin's exception may raise when it is printed
        return "its message cannot be read"


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for exception in error.exceptions for leaf in _leaves(exception)]
    return [error]


def _redact(text: str) -> str:
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text
