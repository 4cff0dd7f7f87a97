"""The limit on adoptions: a mistake in one config must not restart many AKOs. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from akoo_core import structs
from akoo_core.objects.config import Config
from akoo_core.objects.record import Record


class AdoptionHold(structs.Struct, frozen=True, kw_only=True):
    """The cause that keeps an adoption from beginning now."""

    reason: str
    message: str


class Begun:
    """The adoptions that this process began, for those that the caches do not show yet."""

    def __init__(self) -> None:
        self._of_config: dict[str, str] = {}

    def note(self, record_name: str, config_name: str) -> None:
        """Remember an adoption."""
        self._of_config[record_name] = config_name

    def unseen(self, config_name: str, seen: tuple[Record, ...]) -> tuple[str, ...]:
        """Records of the config whose adoption the records in ``seen`` do not show."""
        shown = {record.name for record in seen if record.spec.adoption is not None}
        for name in shown & self._of_config.keys():
            del self._of_config[name]
        return tuple(name for name, of in self._of_config.items() if of == config_name)


def held(
    others: Iterable[Record], unseen: int, config: Config, at_once: int
) -> AdoptionHold | None:
    """The cause against one more adoption now; None for none.

    ``others``: the other records of the config. ``unseen``: adoptions that have begun and that they
    do not show. A failure counts until somebody changes the config.
    """
    adopting = [
        record
        for record in others
        if record.spec.config_ref.uid == config.uid
        and record.spec.finished_at is None
        and record.spec.leaving is None
        and record.spec.adoption is not None
        and record.spec.adoption.ended_at is None
    ]
    for record in sorted(adopting, key=_name):
        if _failed(record, config):
            return AdoptionHold(reason="AdoptionHalted", message=_message(record, config))
    if at_once == 0:
        message = (
            f"AKODeploymentConfig {config.name} lets no adoption begin (0 at a time). akoo-core "
            "plan shows what would be done."
        )
        return AdoptionHold(reason="AdoptionWaits", message=message)
    count = len(adopting) + unseen
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
