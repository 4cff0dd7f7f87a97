"""Selection: the AKODeploymentConfig that serves a Cluster, with the reason. Pure.

Of the configs that match: the higher ``priority``; one with a selector before
``install-ako-for-all`` without one; the one the record already names; the older; the name. An empty
selector matches only under the two reserved names, and Clusters in ``tkg-system`` only by
``install-ako-for-management-cluster`` (both rules are the Go ancestor's).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from akoo_core import structs
from akoo_core.objects import config as configs
from akoo_core.objects import names
from akoo_core.objects.cluster import Cluster
from akoo_core.objects.config import Config
from akoo_core.reconcile.decide import selectors

ConfigState = Literal["Present", "Deleting", "Unusable", "Missing"]

_FIELDS = {
    "deadline": "spec.deadline",
    "drain_timeout": "spec.drainTimeout",
    "quiet_period": "spec.quietPeriod",
}


class Unreadable(structs.Struct, frozen=True, kw_only=True):
    """An AKODeploymentConfig whose spec could not be decoded; ``problem`` names the field."""

    name: str
    problem: str


class Loser(structs.Struct, frozen=True, kw_only=True):
    """A config that matches too and was not chosen; ``why`` completes "lost: ..."."""

    name: str
    why: str


class Choice(structs.Struct, frozen=True, kw_only=True):
    """The answer for one Cluster."""

    config: Config | None = None
    why: str = ""
    """The reason for this config, or for none, in one clause for people."""
    losers: tuple[Loser, ...] = ()
    problems: tuple[str, ...] = ()
    """Configs that cannot match anything because they are unusable, with the reason."""
    current: ConfigState = "Missing"
    """ConfigState of the config that the record names. Missing also when it names none."""
    current_problem: str = ""


def choose(
    cluster: Cluster,
    candidates: Iterable[Config],
    *,
    unreadable: Iterable[Unreadable] = (),
    current: str = "",
) -> Choice:
    """The config for the Cluster. ``current`` is the name of the one its record names, or ""."""
    ordered = sorted(candidates, key=lambda config: config.name)
    checked = {config.name: _check(config, cluster) for config in ordered}
    broken = {config.name: config.problem for config in unreadable} | {
        name: check.problem for name, check in checked.items() if check.problem
    }
    state, wrong = _state(current, ordered, broken)
    base = Choice(
        problems=tuple(f"{name}: {broken[name]}" for name in sorted(broken)),
        current=state,
        current_problem=wrong,
    )
    if names.OPT_OUT_ANNOTATION in cluster.annotations:
        return structs.replace(base, why=f"annotation {names.OPT_OUT_ANNOTATION} is set")
    fitting = [config for config in ordered if not config.deleting and checked[config.name].fits]
    if not fitting:
        return structs.replace(base, why=_why_none(cluster, ordered))
    ranked = sorted(fitting, key=lambda config: _rank(config, current))
    winner, others = ranked[0], ranked[1:]
    return structs.replace(
        base,
        config=winner,
        why=_why_won(winner, others[0], current) if others else "the only one that matches",
        losers=tuple(
            Loser(name=other.name, why=_why_won(winner, other, current)) for other in others
        ),
    )


class _Check(NamedTuple):
    problem: str
    fits: bool


def _check(config: Config, cluster: Cluster) -> _Check:
    """Check one config. An exception makes this config unusable, and no other: every attempt on
    every record looks at all configs."""
    wrong = problem(config)
    try:
        return _Check(wrong, not wrong and matches(config, cluster))
    except Exception as error:  # noqa: BLE001 - one config must not stop the fleet
        return _Check(_cannot(error), fits=False)


def fits(config: Config, cluster: Cluster) -> bool:
    """True if the config is usable and may serve the Cluster, others left aside. Never raises."""
    return _check(config, cluster).fits


def read(obj: structs.JSON) -> Config | Unreadable:
    """The config of an AKODeploymentConfig as the API sends it. Never raises."""
    try:
        return configs.from_object(obj)
    except structs.DecodeError as error:
        return Unreadable(name=obj["metadata"]["name"], problem=str(error))
    except Exception as error:  # noqa: BLE001 - one config must not stop the fleet
        return Unreadable(name=obj["metadata"]["name"], problem=_cannot(error))


def problem(config: Config) -> str:
    """The mistake in selector or policies that makes a config unusable, or ""."""
    try:
        return _problem(config)
    except Exception as error:  # noqa: BLE001 - one config must not stop the fleet
        return _cannot(error)


def _problem(config: Config) -> str:
    wrong = selectors.problem(config.selector)
    if wrong:
        return f"spec.clusterSelector: {wrong}"
    for name, path in _FIELDS.items():
        try:
            configs.parse_duration(getattr(config.policies, name))
        except structs.DecodeError as error:
            return f"{path}: {error}"
    return ""


def _cannot(error: Exception) -> str:
    return f"it cannot be evaluated ({type(error).__name__}); compare it with the reference"


def matches(config: Config, cluster: Cluster) -> bool:
    """True if the config may serve the Cluster at all, others left aside."""
    if cluster.is_management and config.name != names.INSTALL_FOR_MANAGEMENT:
        return False
    if config.selector.empty:
        reserved = (names.INSTALL_FOR_ALL, names.INSTALL_FOR_MANAGEMENT)
        return config.name in reserved and (
            cluster.is_management or config.name != names.INSTALL_FOR_MANAGEMENT
        )
    return selectors.matches(config.selector, cluster.labels)


def _state(
    current: str, candidates: Iterable[Config], broken: dict[str, str]
) -> tuple[ConfigState, str]:
    if current in broken:
        return "Unusable", broken[current]
    named = next((config for config in candidates if config.name == current), None)
    if named is None:
        return "Missing", ""
    return ("Deleting" if named.deleting else "Present"), ""


def _is_default(config: Config) -> bool:
    return config.name == names.INSTALL_FOR_ALL and config.selector.empty


def _rank(config: Config, current: str) -> tuple[int, bool, bool, float, str]:
    created = config.created.timestamp()
    return (-config.priority, _is_default(config), config.name != current, created, config.name)


def _why_won(winner: Config, other: Config, current: str) -> str:
    if winner.priority != other.priority:
        return f'"{winner.name}" has priority {winner.priority}, "{other.name}" {other.priority}'
    if _is_default(other):
        return f'"{winner.name}" has a selector, "{other.name}" has none'
    if winner.name == current:
        return f'"{winner.name}" serves this Cluster already'
    if winner.created != other.created:
        return f'"{winner.name}" is older than "{other.name}"'
    return f'"{winner.name}" comes first by name'


def _why_none(cluster: Cluster, candidates: list[Config]) -> str:
    if cluster.is_management:
        return (
            f"Clusters in {names.MANAGEMENT_NAMESPACE} are served only by an "
            f'AKODeploymentConfig named "{names.INSTALL_FOR_MANAGEMENT}"'
        )
    if not candidates:
        return "there is no AKODeploymentConfig"
    return "no AKODeploymentConfig selects its labels"
