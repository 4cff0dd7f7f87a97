"""Which AKODeploymentConfig serves a Cluster, and why. Pure.

Of the configs that match: the higher ``priority``; one with a selector before
``install-ako-for-all`` without one; the one the record already names; the older; the name. An empty
selector matches only under the two reserved names, and Clusters in ``tkg-system`` only by
``install-ako-for-management-cluster`` (both rules are the Go ancestor's).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from akoo_core import structs
from akoo_core.objects import cluster, config, names
from akoo_core.reconcile.decide import selectors

State = Literal["Present", "Deleting", "Unusable", "Missing"]

_FIELDS = {
    "deadline": "spec.deadline",
    "drain_timeout": "spec.drainTimeout",
    "quiet_period": "spec.quietPeriod",
}


class Unreadable(structs.Struct, frozen=True, kw_only=True):
    """An AKODeploymentConfig whose spec could not be decoded; ``problem`` says where."""

    name: str
    problem: str


class Loser(structs.Struct, frozen=True, kw_only=True):
    """A config that matches too and was not chosen; ``why`` completes "lost: ..."."""

    name: str
    why: str


class Choice(structs.Struct, frozen=True, kw_only=True):
    """The answer for one Cluster."""

    config: config.Config | None = None
    why: str = ""
    """One clause, for people: why this one, or why none."""
    losers: tuple[Loser, ...] = ()
    problems: tuple[str, ...] = ()
    """Configs that cannot match anything because they are unusable, with the reason."""
    current: State = "Missing"
    """What has become of the config the record names. Missing also when it names none."""
    current_problem: str = ""


def choose(
    target: cluster.Cluster,
    configs: Iterable[config.Config],
    *,
    unreadable: Iterable[Unreadable] = (),
    current: str = "",
) -> Choice:
    """The config for ``target``. ``current`` is the name of the one its record names, or ""."""
    every = sorted(configs, key=lambda one: one.name)
    checked = {one.name: _check(one, target) for one in every}
    broken = {one.name: one.problem for one in unreadable} | {
        name: check.problem for name, check in checked.items() if check.problem
    }
    state, wrong = _state(current, every, broken)
    base = Choice(
        problems=tuple(f"{name}: {broken[name]}" for name in sorted(broken)),
        current=state,
        current_problem=wrong,
    )
    if names.OPT_OUT_ANNOTATION in target.annotations:
        return structs.replace(base, why=f"annotation {names.OPT_OUT_ANNOTATION} is set")
    fitting = [one for one in every if not one.deleting and checked[one.name].fits]
    if not fitting:
        return structs.replace(base, why=_why_none(target, every))
    ranked = sorted(fitting, key=lambda one: _rank(one, current))
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


def _check(one: config.Config, target: cluster.Cluster) -> _Check:
    """Whether one config is usable, and fits. What it raises makes this config unusable, and no
    other: every attempt on every record looks at all configs."""
    wrong = problem(one)
    try:
        return _Check(wrong, not wrong and matches(one, target))
    except Exception as error:  # noqa: BLE001 - one config must not stop the fleet
        return _Check(_cannot(error), fits=False)


def fits(one: config.Config, target: cluster.Cluster) -> bool:
    """Whether the config is usable and may serve the Cluster, others left aside. Never raises."""
    return _check(one, target).fits


def read(obj: structs.JSON) -> config.Config | Unreadable:
    """The config of an AKODeploymentConfig as the API sends it, or why it cannot be read."""
    try:
        return config.from_object(obj)
    except structs.DecodeError as error:
        return Unreadable(name=obj["metadata"]["name"], problem=str(error))
    except Exception as error:  # noqa: BLE001 - one config must not stop the fleet
        return Unreadable(name=obj["metadata"]["name"], problem=_cannot(error))


def problem(one: config.Config) -> str:
    """What makes a config unusable, or "": its selector or the length of a policy."""
    try:
        return _problem(one)
    except Exception as error:  # noqa: BLE001 - one config must not stop the fleet
        return _cannot(error)


def _problem(one: config.Config) -> str:
    wrong = selectors.problem(one.selector)
    if wrong:
        return f"spec.clusterSelector: {wrong}"
    for name, path in _FIELDS.items():
        try:
            config.parse_duration(getattr(one.policies, name))
        except structs.DecodeError as error:
            return f"{path}: {error}"
    return ""


def _cannot(error: Exception) -> str:
    return f"it cannot be evaluated ({type(error).__name__}); compare it with the reference"


def matches(one: config.Config, target: cluster.Cluster) -> bool:
    """Whether the config may serve the Cluster at all, others left aside."""
    if target.is_management and one.name != names.INSTALL_FOR_MANAGEMENT:
        return False
    if one.selector.empty:
        reserved = (names.INSTALL_FOR_ALL, names.INSTALL_FOR_MANAGEMENT)
        return one.name in reserved and (
            target.is_management or one.name != names.INSTALL_FOR_MANAGEMENT
        )
    return selectors.matches(one.selector, target.labels)


def _state(
    current: str, configs: Iterable[config.Config], broken: dict[str, str]
) -> tuple[State, str]:
    if current in broken:
        return "Unusable", broken[current]
    found = next((one for one in configs if one.name == current), None)
    if found is None:
        return "Missing", ""
    return ("Deleting" if found.deleting else "Present"), ""


def _is_default(one: config.Config) -> bool:
    return one.name == names.INSTALL_FOR_ALL and one.selector.empty


def _rank(one: config.Config, current: str) -> tuple[int, bool, bool, float, str]:
    created = one.created.timestamp()
    return (-one.priority, _is_default(one), one.name != current, created, one.name)


def _why_won(winner: config.Config, other: config.Config, current: str) -> str:
    if winner.priority != other.priority:
        return f'"{winner.name}" has priority {winner.priority}, "{other.name}" {other.priority}'
    if _is_default(other):
        return f'"{winner.name}" has a selector, "{other.name}" has none'
    if winner.name == current:
        return f'"{winner.name}" serves this Cluster already'
    if winner.created != other.created:
        return f'"{winner.name}" is older than "{other.name}"'
    return f'"{winner.name}" comes first by name'


def _why_none(target: cluster.Cluster, configs: list[config.Config]) -> str:
    if target.is_management:
        return (
            f"Clusters in {names.MANAGEMENT_NAMESPACE} are served only by an "
            f'AKODeploymentConfig named "{names.INSTALL_FOR_MANAGEMENT}"'
        )
    if not configs:
        return "there is no AKODeploymentConfig"
    return "no AKODeploymentConfig selects its labels"
