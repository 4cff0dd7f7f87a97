"""Annotations for plugins: told apart from typing errors, and removed with the facts."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, ClassVar

import pytest

from akoo_core import testing
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.plugin import api
from akoo_core.reconcile.decide import plugin_annotations, user_annotations
from akoo_core.testing import calls, virtual_time
from tests.unit.reconcile import reconcile_fleet
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet

ROTATE = api.PluginAnnotation(
    name="rotate",
    help="Give a cluster another account.",
    effects=("{key} gets another account.",),
    flags=(
        api.AnnotationFlag(name="compromised", help="The old one is known to others."),
        api.AnnotationFlag(name="now", help="At once."),
    ),
)
KEY = "ako.akoo.io/rotate"


class Account(api.Fact, frozen=True, kw_only=True):
    fact_name: ClassVar[str] = "Account"
    number: int


Made = dict[str, list[str]]
"""The accounts outside, by record."""


class Accounts(api.Plugin):
    """Gives each cluster an account, and another where somebody asks for it."""

    provides: ClassVar[tuple[type[api.Fact], ...]] = (Account,)
    annotations: ClassVar[tuple[api.PluginAnnotation, ...]] = (ROTATE,)

    def __init__(self, made: Made | None = None) -> None:
        super().__init__()
        self.made = {} if made is None else made
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.answer: api.Result | None = None
        """Of prepare, instead of its own."""
        self.observed: api.Result = api.Done()
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        """Runs in prepare, after its work."""

    @api.hookimpl
    def intend(self, view: api.View) -> api.Intent:
        self.seen.append(("intend", view.annotations))
        return api.Intent()

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        self.seen.append(("prepare", ctx.view.annotations))
        if self.answer is not None:
            return self.answer
        fact = ctx.view.fact(Account)
        accounts = self.made.setdefault(ctx.view.record_name, ["1"])
        number = fact.number if fact is not None else 1
        asked = "rotate" in ctx.view.annotations
        if asked and len(accounts) == number:
            async with ctx.external.call("outside", "POST account", write=True):
                accounts.append(ctx.view.annotations["rotate"])
        if asked:
            number = len(accounts)
        if self.meanwhile is not None:
            await self.meanwhile()
        return api.Done(facts=(Account(number=number),), consumed=("rotate",) if asked else ())

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution:
        self.seen.append(("contribute", view.annotations))
        return api.Contribution()

    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        self.seen.append(("observe", ctx.view.annotations))
        return self.observed


class Another(api.Plugin):
    """Declares nothing. Keeps the annotations that it saw."""

    def __init__(self, settings: Any = None) -> None:
        super().__init__(settings)
        self.seen: list[dict[str, str]] = []

    @api.hookimpl
    def intend(self, view: api.View) -> None:
        self.seen.append(view.annotations)


@pytest.fixture
def accounts() -> Accounts:
    return Accounts()


@pytest.fixture
def another() -> Another:
    return Another()


@pytest.fixture
def fleet(accounts: Accounts, another: Another) -> ReconcileFleet:
    return ReconcileFleet(accounts, another)


@pytest.fixture
async def name(fleet: ReconcileFleet, accounts: Accounts) -> str:
    name = await reconcile_fleet.running(fleet)
    accounts.seen.clear()
    return name


async def annotate(fleet: ReconcileFleet, name: str, **values: str | None) -> None:
    """Annotations by their whole names, with ``__`` for the slash, ``_`` for the dot."""
    await write(fleet, name, {f"ako.akoo.io/{key}": value for key, value in values.items()})


async def write(fleet: ReconcileFleet, name: str, annotations: dict[str, str | None]) -> None:
    patch = {"metadata": {"annotations": annotations}}
    await fleet.user.merge_patch(resources.AKO_DEPLOYMENTS, name, patch)


def number(fleet: ReconcileFleet, name: str) -> int:
    """The account in the record."""
    return int(fleet.record(name).spec.facts["Account"].data["number"])


# Whom they reach.


async def test_a_declared_annotation_reaches_all_verbs_of_its_plugin_until_it_is_consumed(
    fleet: ReconcileFleet, accounts: Accounts, another: Another, name: str
) -> None:
    accounts.answer = api.Done(facts=(Account(number=1),))
    await annotate(fleet, name, rotate="compromised")
    await fleet.run(name)
    assert {verb for verb, _ in accounts.seen} == {"intend", "prepare", "contribute", "observe"}
    assert all(seen == {"rotate": "compromised"} for _, seen in accounts.seen)
    assert not any(another.seen), "it belongs to one plugin"
    assert fleet.record(name).annotations == {KEY: "compromised"}
    assert "AnnotationsAccepted" not in fleet.conditions(name)


async def test_it_is_handled_once(fleet: ReconcileFleet, accounts: Accounts, name: str) -> None:
    await annotate(fleet, name, rotate="requested")
    await fleet.run(name)
    assert (accounts.made[name], number(fleet, name)) == (["1", "requested"], 2)
    assert fleet.record(name).annotations == {}
    after = accounts.seen[accounts.seen.index(("prepare", {"rotate": "requested"})) + 1 :]
    assert after
    assert not any(seen for _, seen in after), "the pure verbs go by what is left"
    await fleet.run(name)
    assert accounts.made[name] == ["1", "requested"]
    await annotate(fleet, name, rotate="requested")
    await fleet.run(name)
    assert number(fleet, name) == 3, "and again when it is asked for again"


@pytest.mark.parametrize(
    "answer",
    [
        api.Done(consumed=("rotate",)),
        api.Wait(reason="AccountAwaited", message="not yet", after=5.0, consumed=("rotate",)),
    ],
)
@pytest.mark.parametrize("verb", ["prepare", "observe"])
async def test_each_answer_with_facts_may_consume(
    fleet: ReconcileFleet, accounts: Accounts, name: str, verb: str, answer: api.Result
) -> None:
    accounts.answer = answer if verb == "prepare" else api.Done()
    accounts.observed = answer if verb == "observe" else api.Done()
    await annotate(fleet, name, rotate="now")
    outcome = await fleet.run(name)
    assert fleet.record(name).annotations == {}
    if verb == "prepare":
        assert ("intend", {}) in accounts.seen
    else:
        assert outcome.requeue_after == 0.0, "the pure verbs saw it in this attempt"


async def test_an_annotation_that_is_not_there_is_consumed_in_vain(
    fleet: ReconcileFleet, accounts: Accounts, name: str
) -> None:
    accounts.answer = api.Done(facts=(Account(number=1),), consumed=("rotate",))
    await fleet.run(name)
    assert fleet.writes == []
    assert fleet.condition(name, "AkoReady") == ("True", "Ready")


async def test_only_what_is_declared_is_consumed(
    fleet: ReconcileFleet, accounts: Accounts, name: str
) -> None:
    accounts.answer = api.Done(consumed=("paused",))
    await write(fleet, name, {"ako.akoo.io/paused": "x"})
    await fleet.run(name)
    assert fleet.condition(name, "AkoReady") == ("False", "VerbFailed")
    assert "consumed the annotation 'paused'" in fleet.message(name, "AkoReady")
    assert fleet.record(name).annotations == {"ako.akoo.io/paused": "x"}


# The write.


async def test_facts_and_annotation_change_in_one_write(
    fleet: ReconcileFleet, accounts: Accounts, name: str
) -> None:
    await annotate(fleet, name, rotate="requested")
    writes: list[tuple[bool, int]] = []
    change = fleet.services.records.change

    async def watched(*args: Any, **how: Any) -> Any:
        after = await change(*args, **how)
        writes.append((KEY in after.annotations, after.spec.facts["Account"].data["number"]))
        return after

    fleet.services.records.change = watched  # type: ignore[method-assign]
    await fleet.run(name)
    assert (False, 2) in writes
    assert all(there == (count == 1) for there, count in writes), writes


async def test_another_value_that_came_meanwhile_stays(
    fleet: ReconcileFleet, accounts: Accounts, name: str
) -> None:
    await annotate(fleet, name, rotate="requested")

    async def ask_for_more() -> None:
        accounts.meanwhile = None
        await annotate(fleet, name, rotate="compromised")

    accounts.meanwhile = ask_for_more
    await fleet.run(name)
    assert fleet.record(name).annotations == {KEY: "compromised"}
    accounts.seen.clear()
    await fleet.run(name)
    assert ("prepare", {"rotate": "compromised"}) in accounts.seen
    assert fleet.record(name).annotations == {}


def test_only_the_value_that_was_seen_is_removed() -> None:
    seen = {KEY: "requested", "other": "x"}
    handled = ("rotate", "rotate", "unknown")
    assert plugin_annotations.consumed("ako", handled, seen, seen) == (KEY,)
    assert plugin_annotations.consumed("ako", handled, seen, {KEY: "compromised"}) == ()
    assert plugin_annotations.consumed("ako", handled, seen, {}) == ()
    assert plugin_annotations.consumed("ako", handled, {}, seen) == ()


def crash_points() -> Iterator[tuple[int, calls.Moment]]:
    moments: tuple[calls.Moment, ...] = ("before", "after")
    yield from itertools.product(range(1, 60), moments)


async def test_a_crash_anywhere_leads_to_the_same_end() -> None:
    """Between the result and its write, too: the annotation is seen again, and handled once."""
    sites: list[str] = []
    for nth, moment in crash_points():
        made: Made = {}
        seam = testing.Calls()
        fleet = ReconcileFleet(Accounts(made), Another(), seam=seam)
        name = await reconcile_fleet.running(fleet)
        await annotate(fleet, name, rotate="requested")
        seam.made.clear()
        crash = testing.Crash(f"{moment} call {nth}")
        seam.fail(nth, moment, crash)
        try:
            await fleet.run(name)
        except testing.Crash:
            sites.append(f"{moment} {seam.made[-1]}")
        else:
            break  # The attempt has fewer calls: each of them was tried.
        finally:
            seam.heal()
        fleet.plugins = (Accounts(made), Another())
        for plugin, own in zip(fleet.plugins, ("ako", "avi"), strict=True):
            plugin.name = own
        fleet.start()
        for _ in range(2):
            await fleet.run(name)
        where = sites[-1]
        assert made[name] == ["1", "requested"], where
        assert number(fleet, name) == 2, where
        assert fleet.record(name).annotations == {}, where
    assert any("POST account" in site for site in sites)
    write_of_result = [site for site in sites if "patch akodeployments" in site]
    assert {site.split()[0] for site in write_of_result} == {"before", "after"}


# Typing errors.


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ({"ako.akoo.io/rotat": "x"}, 'no annotation of plugin "ako": no effect. Did you mean'),
        ({"ako.akoo.io/elsewhere": ""}, 'elsewhere is no annotation of plugin "ako": no effect.'),
        ({"ako.akoo.io/rotate": "compromise"}, "ako.akoo.io/rotate must be"),
        ({"ako.akoo.io/rotate": "requested, now"}, "not 'requested, now': no effect."),
        ({"ako.akoo.io/rotate": ""}, "\"now\" with commas between them, not '': no effect."),
        ({"akko.akoo.io/rotate": "now"}, 'no plugin "akko" is selected: no effect. Did you mean'),
        ({"dns.akoo.io/renew": "now"}, 'dns.akoo.io/renew: no plugin "dns" is selected'),
        ({"akoo.io/lave": "sweep"}, 'no annotation of a record: no effect. Did you mean "akoo.io/'),
        ({"akoo.io/rotate": "now"}, "akoo.io/rotate is no annotation of a record: no effect."),
    ],
)
async def test_a_typing_error_is_told_and_has_no_effect(
    fleet: ReconcileFleet,
    accounts: Accounts,
    name: str,
    annotations: dict[str, str | None],
    message: str,
) -> None:
    await write(fleet, name, annotations)
    await fleet.run(name)
    assert fleet.condition(name, "AnnotationsAccepted") == ("False", "NotAccepted")
    assert message in fleet.message(name, "AnnotationsAccepted")
    assert not any(seen for _, seen in accounts.seen)
    assert fleet.record(name).annotations == annotations, "it stays, for the one who wrote it"
    assert accounts.made[name] == ["1"]
    await write(fleet, name, dict.fromkeys(annotations))
    await fleet.run(name)
    assert "AnnotationsAccepted" not in fleet.conditions(name)


@pytest.mark.parametrize("value", ["requested", "now", "compromised,now", " now , compromised "])
async def test_flags_in_any_order(
    fleet: ReconcileFleet, accounts: Accounts, name: str, value: str
) -> None:
    await annotate(fleet, name, rotate=value)
    await fleet.run(name)
    assert accounts.made[name] == ["1", value]
    assert api.words(value) <= {"requested", "now", "compromised"}


def test_annotations_of_others_are_nobodys_business() -> None:
    others = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "akoo.iox/y": "", "z": ""}
    known = dict.fromkeys(user_annotations.KNOWN, "x")
    assert list(plugin_annotations.problems({**others, **known}, {})) == []


def test_every_annotation_of_a_record_is_known() -> None:
    of_clusters = {names.RECORD_ANNOTATION, names.OPT_OUT_ANNOTATION}
    others = {
        names.CAPI_PAUSED_ANNOTATION,
        names.DELETE_FOR_MOVE_ANNOTATION,
        names.UPGRADING_ANNOTATION,  # of the operator's namespace
    }
    every = {value for key, value in vars(names).items() if key.endswith("_ANNOTATION")}
    assert set(user_annotations.KNOWN) == every - of_clusters - others


# The life of a record.


async def test_a_paused_record_keeps_it(
    fleet: ReconcileFleet, accounts: Accounts, name: str
) -> None:
    await fleet.annotate(name, paused="")
    await annotate(fleet, name, rotate="now")
    await fleet.run(name)
    assert accounts.made[name] == ["1"]
    assert fleet.record(name).annotations[KEY] == "now"
    await fleet.annotate(name, paused=None)
    await fleet.run(name)
    assert accounts.made[name] == ["1", "now"]


async def test_a_new_life_begins_without_the_requests_of_the_last_one(
    fleet: ReconcileFleet, accounts: Accounts
) -> None:
    name = await reconcile_fleet.running(fleet, onUnmatch="Remove")
    await fleet.patch_cluster({"metadata": {"labels": {"lb": None}}})
    for _ in range(3):
        await fleet.run(name)
        fleet.clock.advance(30)
    assert fleet.record(name).status.phase == "Finished"
    await write(fleet, name, {KEY: "now", "gone.akoo.io/x": "y"})
    await fleet.patch_cluster({"metadata": {"labels": {"lb": "avi"}}})
    accounts.seen.clear()
    await fleet.run(name)
    assert accounts.seen
    assert not any(seen for _, seen in accounts.seen)
    assert fleet.record(name).annotations == {}


class Quiet(Accounts):
    """Its pure verbs do not look at annotations."""

    name = "ako"


@virtual_time.test
async def test_it_is_an_input_of_a_round_that_stands(clock: virtual_time.LoopClock) -> None:
    made: Made = {}
    async with testing.Fleet(clock, lambda: [Quiet(made)]) as fleet:
        await fleet.create_config()
        await fleet.create_cluster("shop")
        record = await fleet.until_phase("shop", "Running")
        await fleet.until(lambda: True, seconds=1)
        patch = {"metadata": {"annotations": {KEY: "now"}}}
        await fleet.user.merge_patch(resources.AKO_DEPLOYMENTS, record.name, patch)
        await fleet.until(lambda: len(made[record.name]) > 1, seconds=10)

        def consumed() -> bool:
            now = fleet.record("shop")
            return now is not None and now.annotations == {}

        await fleet.until(consumed, seconds=10)
