"""Masks secrets in whatever leaves as text: log lines, span attributes.

The last line of defence, not the first: nobody should put a secret there. Two nets: values that
were registered when they were read (passwords, tokens, keys), and text that looks like a
credential.
"""

from __future__ import annotations

import base64
import collections
import json
import re
import threading
import urllib.parse
from typing import Final

MASK: Final = "[redacted]"
MIN_LENGTH = 6
"""Characters. Shorter values would mask ordinary words; a password that short is none."""
MAX_LENGTH: Final = 16_384
"""Characters. Longer values are files, which no line holds whole; keys in them have a look."""
CAPACITY: Final = 8_192
"""Values. Beyond it the ones that were read longest ago are forgotten; in use means read again."""
_PREFIX = 4

_LOOKS: Final = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        r"(?P<keep>-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
        r"(?P<keep>\b(?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{8,}",
        r"(?P<keep>)\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
        r"(?P<keep>)\bhv[sbr]\.[A-Za-z0-9_-]{16,}",
        r"(?P<keep>[a-z][a-z0-9+.-]*://[^\s/:@]+:)[^\s/@]+(?=@)",
        r"(?P<keep>\b(?:password|passwd|token|secret|api[_-]?key|client-key-data)=)[^\s&;,'\"]+",
        (
            r"(?P<keep>[\"'](?:password|passwd|token|secret|api[_-]?key|client-key-data)[\"']\s*:\s*)"
            r"(?:\"[^\"]*\"|'[^']*')"
        ),
        r"(?P<keep>)\bLS0tLS1CRUdJTi[A-Za-z0-9+/=_-]{20,}",
    )
)


class Redactor:
    """Knows secret values and masks them. Safe to use from any thread.

    The cost of ``redact`` grows with the text, not with the number of values.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._by_prefix: dict[str, tuple[str, ...]] = {}
        self._recent: collections.OrderedDict[str, None] = collections.OrderedDict()
        self._kept: set[str] = set()
        self._uses: collections.Counter[str] = collections.Counter()
        """How many values have each form: one value may be another's base64."""
        self._lock = threading.Lock()

    def register(self, value: str | bytes, *, keep: bool = False) -> None:
        """Mask ``value`` from now on, and its base64, JSON and URL forms.

        Until ``capacity`` others were registered after it; ``keep`` is for what is read only once
        and used for ever. Values shorter than MIN_LENGTH or longer than MAX_LENGTH are not masked.
        """
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        text = text.strip()
        if not MIN_LENGTH <= len(text) <= MAX_LENGTH:
            return
        with self._lock:
            if text not in self._recent and text not in self._kept:
                for form in _forms(text):
                    self._add(form)
            if keep or text in self._kept:
                self._kept.add(text)
                self._recent.pop(text, None)
                return
            self._recent[text] = None
            self._recent.move_to_end(text)
            if len(self._recent) > self._capacity:
                for form in _forms(self._recent.popitem(last=False)[0]):
                    self._drop(form)

    def redact(self, text: str) -> str:
        """``text`` with every known or credential-like value masked."""
        masked = self._mask_known(text) if self._by_prefix else text
        for pattern in _LOOKS:
            masked = pattern.sub(rf"\g<keep>{MASK}", masked)
        return masked

    # Tuples are replaced, never changed: redact reads them without the lock.

    def _add(self, form: str) -> None:
        self._uses[form] += 1
        if self._uses[form] == 1:
            known = self._by_prefix.get(form[:_PREFIX], ())
            # The longest first: one value may be the beginning of another.
            longest = sorted((*known, form), key=len, reverse=True)
            self._by_prefix[form[:_PREFIX]] = tuple(longest)

    def _drop(self, form: str) -> None:
        self._uses[form] -= 1
        if self._uses[form] == 0:
            del self._uses[form]
            left = tuple(one for one in self._by_prefix[form[:_PREFIX]] if one != form)
            if left:
                self._by_prefix[form[:_PREFIX]] = left
            else:
                del self._by_prefix[form[:_PREFIX]]

    def _mask_known(self, text: str) -> str:
        parts: list[str] = []
        done = position = 0
        while position <= len(text) - MIN_LENGTH:
            for value in self._by_prefix.get(text[position : position + _PREFIX], ()):
                if text.startswith(value, position):
                    parts += [text[done:position], MASK]
                    position = done = position + len(value)
                    break
            else:
                position += 1
        return "".join((*parts, text[done:]))


def _forms(text: str) -> set[str]:
    encoded = text.encode()
    return {
        text,
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        urllib.parse.quote(text, safe=""),
        urllib.parse.quote_plus(text),
        base64.b64encode(encoded).decode().rstrip("="),
        base64.urlsafe_b64encode(encoded).decode().rstrip("="),
    }


PROCESS: Final = Redactor()
"""The one of this process: who reads a secret registers it, formatters and exporters ask it."""

register = PROCESS.register
redact = PROCESS.redact
