"""Masks secrets in text that leaves: log lines, span attributes.

It is the last line of defence: no code should put a secret there. It masks values that were
registered when they were read (passwords, tokens, keys), and text that looks like a credential.
"""

from __future__ import annotations

import base64
import bisect
import collections
import json
import os.path
import threading
import urllib.parse
from typing import Final

from akoo_core.telemetry import looks

MASK: Final = looks.MASK
MIN_LENGTH = 6
"""Characters. Shorter values would mask ordinary words; a password that short is none."""
MAX_LENGTH: Final = 16_384
"""Characters. Longer values are files, which no line holds whole; keys in them have a look."""
CAPACITY: Final = 8_192
"""Values. Beyond it the values with the oldest reads are forgotten; a value in use is read
again."""
_PREFIX = 4


class Redactor:
    """Knows secret values and masks them. Safe to use from any thread.

    The cost of ``redact`` grows with the text. The number of values hardly matters, even where they
    all begin alike, as tokens do: those with the same first letters are sorted and searched.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._by_prefix: dict[str, tuple[str, ...]] = {}
        self._recent: collections.OrderedDict[str, None] = collections.OrderedDict()
        self._kept: set[str] = set()
        self._uses: collections.Counter[str] = collections.Counter()
        """The number of values with each form: one value may be another's base64."""
        self._lock = threading.Lock()

    def register(self, value: str | bytes, *, keep: bool = False) -> None:
        """Mask ``value`` from now on, and its base64, JSON and URL forms.

        Until ``capacity`` others were registered after it; ``keep`` is for what is read only once
        and used for ever. Values shorter than MIN_LENGTH or longer than MAX_LENGTH are not masked.
        """
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else printable(value)
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
        return looks.masked(self._mask_known(text) if self._by_prefix else text)

    # Tuples are replaced, never changed: redact reads them without the lock.

    def _add(self, form: str) -> None:
        self._uses[form] += 1
        if self._uses[form] == 1:
            known = list(self._by_prefix.get(form[:_PREFIX], ()))
            bisect.insort(known, form)
            self._by_prefix[form[:_PREFIX]] = tuple(known)

    def _drop(self, form: str) -> None:
        self._uses[form] -= 1
        if self._uses[form] == 0:
            del self._uses[form]
            left = tuple(other for other in self._by_prefix[form[:_PREFIX]] if other != form)
            if left:
                self._by_prefix[form[:_PREFIX]] = left
            else:
                del self._by_prefix[form[:_PREFIX]]

    def _mask_known(self, text: str) -> str:
        parts: list[str] = []
        done = position = 0
        while position <= len(text) - MIN_LENGTH:
            known = self._by_prefix.get(text[position : position + _PREFIX])
            length = _longest(known, text, position) if known else 0
            if length:
                parts += [text[done:position], MASK]
                position = done = position + length
            else:
                position += 1
        return "".join((*parts, text[done:]))


def _longest(known: tuple[str, ...], text: str, position: int) -> int:
    """The length of the longest of ``known`` (sorted) that stands at ``position``; 0: none does.

    Every value that begins ``rest`` begins each value that is sorted between the two as well. So
    the last value up to ``rest`` is it, or has what is left of ``rest`` in common with it.
    """
    rest = text[position : position + MAX_LENGTH]
    while index := bisect.bisect_right(known, rest):
        value = known[index - 1]
        if rest.startswith(value):
            return len(value)
        rest = os.path.commonprefix((value, rest))  # noqa: RUF071 - letters are what is meant
        if len(rest) < _PREFIX:
            break
    return 0


def printable(text: str) -> str:
    """``text`` with an escape for each letter that UTF-8 cannot write (a lone surrogate)."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


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
"""The redactor of this process: readers of secrets register them, formatters and exporters use
it."""

register = PROCESS.register
redact = PROCESS.redact
