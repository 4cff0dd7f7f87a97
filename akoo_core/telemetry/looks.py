"""Text that looks like a credential, masked wherever it stands.

Every pattern takes time in proportion to the text, whatever the text is: none of them can begin at
each letter of a run and read the whole run from each. Where a credential may begin in the middle of
a run, the run is entered at its first letter only, and searched once (an atomic group).
"""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "[redacted]"

_WORDS = r"(?:password|passwd|token|secret|api[_-]?key|client-key-data)"

_LOOKS: Final = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        # A private key, to its end or to that of the text.
        (
            r"(?P<keep>-----BEGIN [A-Z ]*+(?<=PRIVATE KEY)-----)"
            r".*?(?:-----END [A-Z ]*+(?<=PRIVATE KEY)-----|\Z)"
        ),
        # An Authorization header.
        r"(?P<keep>\b(?:Bearer|Basic)\s++)[A-Za-z0-9._~+/=-]{8,}+",
        # A JSON web token; the first one in a run of its letters.
        (
            r"(?<![A-Za-z0-9_-])(?P<keep>(?>[A-Za-z0-9_-]*?\b(?=eyJ)))"
            r"eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]*+"
        ),
        # A token of Vault.
        r"(?P<keep>)\bhv[sbr]\.[A-Za-z0-9_-]{16,}+",
        # A password in a URL, found by what stands before it.
        r"(?P<keep>(?<=[a-z0-9+.-])://[^\s/:@]++:)[^\s/@]++(?=@)",
        # password=..., and the same as JSON or as Python prints it; escaped quotes do not end it.
        rf"(?P<keep>\b{_WORDS}=)[^\s&;,'\"]++",
        (
            rf"(?P<keep>[\"']{_WORDS}[\"']\s*+:\s*+)"
            r"(?:\"(?:[^\"\\]|\\.)*+(?:\"|\Z)|'(?:[^'\\]|\\.)*+(?:'|\Z))"
        ),
        # base64 of PEM.
        r"(?P<keep>)\bLS0tLS1CRUdJTi[A-Za-z0-9+/=_-]{20,}+",
    )
)


def masked(text: str) -> str:
    """``text`` with credential-like text masked."""
    for pattern in _LOOKS:
        text = pattern.sub(rf"\g<keep>{MASK}", text)
    return text
