"""Ask akoo-core to adopt the AKO of each config that was switched: ``existing: Adopt``.

A config that says something else keeps it: a person has decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from akoo_ako import options
from akoo_ako.installs.seen import at, metadata_of, name_of
from akoo_ako.migration.estate import Estate, is_deleting
from akoo_ako.migration.steps import finalizers
from akoo_ako.migration.switch import change
from akoo_ako.migration.switch.change import Change
from akoo_ako.migration.switch.journal import Entry, Journal
from akoo_core.plugin import structs

NAME: Final = "adoption"
ADOPT: Final = "Adopt"
_FIELD: Final = ("plugins", "ako", "existing")


def possible() -> bool:
    """This akoo-core knows the value."""
    try:
        structs.convert({"existing": ADOPT}, options.Options)
    except structs.DecodeError:
        return False
    return True


def forward(estate: Estate, journal: Journal) -> Iterator[Change]:
    """The value, where the config has none."""
    switched = {entry.uid for entry in journal.of(finalizers.NAME)}
    for config in estate.configs:
        of_switch = metadata_of(config)["uid"] in switched and not is_deleting(config)
        if of_switch and at(config, "spec.plugins.ako.existing") is None:
            yield change.patched(
                NAME,
                config,
                [change.put(_pointer(_parents(config)), _value(_parents(config)))],
                f"spec.plugins.ako.existing: {ADOPT}",
                before={"parents": _parents(config)},
                same_version=True,
            )


def backward(entries: Sequence[Entry], estate: Estate) -> Iterator[Change]:
    """The value taken out, if it is still ours."""
    configs = {name_of(config): config for config in estate.configs}
    for entry in entries:
        config = configs.get(entry.name)
        if config is None or metadata_of(config)["uid"] != entry.uid:
            continue
        if at(config, "spec.plugins.ako.existing") == ADOPT:
            parents = _alone(config, entry.before["parents"])
            yield change.patched(
                NAME,
                config,
                change.removed(_pointer(parents), _value(parents)),
                "spec.plugins.ako.existing taken out",
            )


def _parents(config: structs.JSON) -> int:
    """The number of the field's parents that are there: 0 without plugins, 2 with plugins.ako."""
    return sum(isinstance(at(config, path), dict) for path in ("spec.plugins", "spec.plugins.ako"))


def _alone(config: structs.JSON, parents: int) -> int:
    """The parents that stay: those of before, and those that have something else by now."""
    while parents < len(_FIELD) - 1 and at(config, _path(parents)) != _value(parents):
        parents += 1
    return parents


def _path(parents: int) -> str:
    return ".".join(("spec", *_FIELD[: parents + 1]))


def _pointer(parents: int) -> str:
    return f"/{_path(parents).replace('.', '/')}"


def _value(parents: int) -> Any:
    """The value to put below so many parents."""
    value: Any = ADOPT
    for key in reversed(_FIELD[parents + 1 :]):
        value = {key: value}
    return value
