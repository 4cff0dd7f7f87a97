"""The causes behind errors of requests and urllib3. Their own texts hold URLs and requests."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any, NamedTuple

import requests


class Loss(NamedTuple):
    """A connection that was lost. ``sent``: the request may have arrived."""

    problem: str
    sent: bool


def certificate_error(error: BaseException) -> ssl.SSLCertVerificationError | None:
    """The refusal of the server's certificate behind ``error``."""
    refused = (cause for cause in causes(error) if isinstance(cause, ssl.SSLCertVerificationError))
    return next(refused, None)


def loss(error: BaseException) -> Loss | None:
    """The loss of the connection behind ``error``; None for TLS that the server does not speak."""
    behind = tuple(causes(error))
    if any(isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError) for cause in behind):
        return Loss("the connection was cut", sent=True)
    if isinstance(error, requests.exceptions.SSLError):
        return None
    names = {type(cause).__name__ for cause in behind}
    if "NameResolutionError" in names:
        return Loss("its name does not resolve", sent=False)
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return Loss("it did not accept a connection in time", sent=False)
    if "NewConnectionError" in names:
        return Loss("nobody accepts connections there", sent=False)
    if isinstance(error, requests.exceptions.Timeout):
        return Loss("it did not answer in time", sent=True)
    return Loss("the connection was cut", sent=True)


def causes(error: BaseException) -> Iterator[BaseException]:
    """The errors behind an error of requests: reasons, causes and arguments, once each."""
    waiting: list[Any] = [error]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting += [getattr(cause, "reason", None), cause.__cause__, cause.__context__]
            waiting += cause.args
