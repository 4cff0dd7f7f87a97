"""The address of a controller as a URL. Pure."""

from __future__ import annotations

from akoo_avi.client import errors
from akoo_core.plugin import accounts


def url(address: str) -> str:
    """``https://...`` of an address: ``host``, ``host:port``, ``[v6]:port``. Raises
    UnreachableError for an impossible address.

    Only https, host and port: credentials are sent to an address.
    """
    if accounts.parse(address) is None:
        raise errors.UnreachableError(
            f'"{address[:100]}" is no address of an Avi Controller. Give host or host:port.'
        )
    text = address.strip()
    if accounts.is_v6(text):
        return f"https://[{text}]"
    return f"https://{text.removesuffix(f':{accounts.HTTPS_PORT}')}"
