"""The limit on adoptions: a mistake in one config must not restart many AKOs. Pure."""

from __future__ import annotations

from collections.abc import Collection

from akoo_core import structs
from akoo_core.objects.config import Config
from akoo_core.objects.record import Record


class AdoptionHold(structs.Struct, frozen=True, kw_only=True):
    """The cause that keeps an adoption from beginning now."""

    reason: str
    message: str


class Shown(structs.Struct, frozen=True, kw_only=True):
    """The adoptions of a config that the caches show."""

    begun: frozenset[str] = frozenset()
    """Names of the records with an adoption, ended or not."""
    under_way: frozenset[str] = frozenset()
    failed: tuple[Record, ...] = ()
    """Those under way that have failed."""


def marks(spec: structs.JSON) -> list[str]:
    """The values by which a record is found in an index of adoptions."""
    adoption, ref = spec.get("adoption"), spec["configRef"]
    if not adoption:
        return []
    values = [begun(ref["name"])]
    if not (adoption.get("endedAt") or spec.get("finishedAt") or spec.get("leaving")):
        values.append(under_way(ref["uid"]))
        values += [failed(ref["uid"])] if adoption.get("failure") else []
    return values


def begun(config_name: str) -> str:
    """The mark of a record with an adoption."""
    return f"begun {config_name}"


def under_way(config_uid: str) -> str:
    """The mark of a record whose adoption is under way."""
    return f"under way {config_uid}"


def failed(config_uid: str) -> str:
    """The mark of a record whose adoption is under way and has failed."""
    return f"failed {config_uid}"


class Begun:
    """The adoptions that this process began, for those that the caches do not show yet."""

    def __init__(self) -> None:
        self._of_config: dict[str, str] = {}

    def note(self, record_name: str, config_name: str) -> None:
        """Remember an adoption."""
        self._of_config[record_name] = config_name

    def unseen(self, config_name: str, shown: Collection[str]) -> tuple[str, ...]:
        """Records of the config whose adoption the caches do not show. ``shown``: those that they
        show."""
        for name in [name for name in self._of_config if name in shown]:
            del self._of_config[name]
        return tuple(name for name, of in self._of_config.items() if of == config_name)


def held(name: str, shown: Shown, unseen: int, config: Config, at_once: int) -> AdoptionHold | None:
    """The cause against an adoption of this record now; None for none.

    ``unseen``: adoptions of others that have begun and that the caches do not show. A failure
    counts until somebody changes the config.
    """
    for record in sorted(shown.failed, key=_name):
        if record.name != name and _failed(record, config):
            return AdoptionHold(reason="AdoptionHalted", message=_message(record, config))
    if at_once == 0:
        message = (
            f"AKODeploymentConfig {config.name} lets no adoption begin (0 at a time). akoo-core "
            "plan shows what would be done."
        )
        return AdoptionHold(reason="AdoptionWaits", message=message)
    count = len(shown.under_way - {name}) + unseen
    if count < at_once:
        return None
    message = (
        f"{count} adoptions of AKODeploymentConfig {config.name} are under way, and {at_once} may "
        "be at a time. This one begins after another has ended."
    )
    return AdoptionHold(reason="AdoptionWaits", message=message)


def _failed(record: Record, config: Config) -> bool:
    adoption = record.spec.adoption
    return (
        adoption is not None
        and bool(adoption.failure)
        and adoption.config_generation == config.generation
    )


def _message(record: Record, config: Config) -> str:
    ref, failure = record.spec.cluster_ref, record.spec.adoption
    return (
        f"The adoption of {ref.namespace}/{ref.name} (record {record.name}) has failed: "
        f"{failure.failure if failure else ''}; its condition says why. No other cluster of "
        f"AKODeploymentConfig {config.name} is adopted until its spec is changed, or that record "
        "has ended."
    )


def _name(record: Record) -> str:
    return record.name
