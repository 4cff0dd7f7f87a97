"""Annotations on records by which people ask one plugin for something."""

from __future__ import annotations

from collections.abc import Callable

from akoo_core import structs
from akoo_core.objects import record


class AnnotationFlag(structs.Struct, frozen=True, kw_only=True):
    """One word that the value of an annotation may have, and the option of its command for it."""

    name: str
    """The word. Its option is ``--NAME``."""
    help: str
    effects: tuple[str, ...] = ()
    """The consequences, as in PluginAnnotation."""


class PluginAnnotation(structs.Struct, frozen=True, kw_only=True):
    """The annotation ``<plugin>.akoo.io/<name>`` on a record: a request of a person to the plugin.

    Its value is ``value``, or one or more flags with commas between them. Any other value has no
    effect, and the condition AnnotationsAccepted says why. With the entry point ``<plugin>
    .<command>`` of the group ``akoo_core.commands``, a command writes it, says before that what
    will happen, and asks.
    """

    name: str
    help: str
    """The request in one sentence: the help of the command."""
    effects: tuple[str, ...]
    """The consequences, in sentences, which the command prints before it asks. ``{key}`` is the
    Cluster, as ``namespace/name``."""
    value: str = "requested"
    """The value that the command writes without flags."""
    flags: tuple[AnnotationFlag, ...] = ()
    fleet: bool = False
    """The command has ``--config NAME``: it writes the annotation for all clusters of a config."""
    refusal: Callable[[record.Record, frozenset[str]], str] | None = None
    """Pure. The reason why the request with these flags would have no effect on a record, for the
    command; "" for none."""

    def problem(self, value: str) -> str:
        """The reason why a value has no effect, or "". Pure."""
        chosen, known = words(value), {flag.name for flag in self.flags}
        if chosen == {self.value} or (chosen and chosen <= known):
            return ""
        allowed = f'"{self.value}"'
        if self.flags:
            named = ", ".join(f'"{flag.name}"' for flag in self.flags)
            allowed = f"{allowed}, or some of {named} with commas between them"
        return f"must be {allowed}, not {value!r}"


def words(value: str) -> frozenset[str]:
    """The words in the value of an annotation. Pure."""
    return frozenset(part.strip() for part in value.split(",") if part.strip())
