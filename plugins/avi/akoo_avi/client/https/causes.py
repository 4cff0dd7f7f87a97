"""The causes behind errors of requests and urllib3. Their own texts hold URLs and requests."""

from __future__ import annotations

import ssl
from typing import NamedTuple

import requests

from akoo_core.plugin.external.requesting import ProxyFailedError, causes


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
    if isinstance(error, ProxyFailedError):
        return Loss(str(error), sent=False)
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
