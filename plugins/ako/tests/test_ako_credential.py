"""The account of AKO, with a plugin that gives accounts: awaited, given, declined."""

from __future__ import annotations

import base64
import typing
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import pytest
from akoo_ako import config, credential, installed, options
from akoo_ako.installs import recognise
from akoo_ako.plugin import AkoPlugin
from akoo_ako.refusals import refusal

from akoo_core import clock, settings, structs, testing
from akoo_core.kube import resource
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.testing import builders, virtual_time

AWAITED = (api.WorkloadCredential.fact_name,)
OWN = api.SecretName(namespace="avi", name="own")


class Accounts(api.Plugin):
    """A provider of accounts: its answer is that of the test."""

    name = "accounts"
    provides: ClassVar[tuple[type[api.Fact], ...]] = (api.WorkloadCredential,)

    def __init__(self, answer: Callable[[], api.Result]) -> None:
        super().__init__()
        self._answer = answer

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        return self._answer()


GIVEN = api.Done(
    facts=(
        api.WorkloadCredential(username=OWN.source("username"), password=OWN.source("password")),
    )
)
DECLINED = api.Done(declines=AWAITED)
WAITS = api.Wait(reason="Making", message="An account is made.", after=5.0)
AWAY = api.Blocked(reason="StoreAway", message="The store does not answer.")


class AccountsFleet:
    """An operator with AKO and a provider of accounts."""

    def __init__(self, clock: virtual_time.LoopClock, answer: api.Result) -> None:
        self.answer = answer
        self.fleet = testing.Fleet(
            clock,
            lambda: [AkoPlugin(), Accounts(lambda: self.answer)],
            settings=settings.Settings(allowed_secret_namespaces=("avi",)),
        )
        ca = builders.secret("avi", "ca", certificateAuthorityData="CA")
        accounts = (
            builders.secret("avi", name, username=name, password=builders.canary(name))
            for name in ("own", "shop-avi", "admin")
        )
        self.fleet.management.seed(ca, *accounts)

    async def answers(self, answer: api.Result) -> None:
        """The provider changes its mind, and somebody touches the cluster."""
        self.answer = answer
        await self.fleet.patch_cluster(
            "shop", {"metadata": {"annotations": {"touched": str(answer)[:60]}}}
        )

    def reason(self) -> str:
        stored = self.fleet.record("shop")
        listed = stored.status.conditions if stored is not None else ()
        return next((c.reason for c in listed if c.type == "AkoReady"), "")

    def username(self) -> str:
        """The user in avi-secret; "" where there is none."""
        server = self.fleet.workload("shop")
        secrets = server.objects(resource.SECRETS, "avi-system") if server is not None else []
        data: dict[str, str] = next((secret["data"] for secret in secrets), {})
        return base64.b64decode(data.get("username", "")).decode()


def play(
    build: Any,
    answer: api.Result,
    story: Callable[[AccountsFleet], Awaitable[None]],
    **changes: Any,
) -> None:
    """The story of one cluster in virtual time."""

    async def main(clock: virtual_time.LoopClock) -> None:
        there = AccountsFleet(clock, answer)
        async with there.fleet:
            await there.fleet.create_config(build.adc(changes)["spec"])
            await there.fleet.create_cluster("shop")
            await story(there)

    virtual_time.run(main)


def test_it_waits_for_an_account_that_a_selected_plugin_may_give(build: Any) -> None:
    view = structs.replace(build.view(), awaited=AWAITED)
    answer = AkoPlugin().contribute(view)
    assert isinstance(answer, api.Wait)
    assert answer.reason == "CredentialAwaited"
    assert isinstance(AkoPlugin().intend(view), api.Intent)
    assert AkoPlugin().secret_references(view) == (("avi", "ca"), ("avi", "shop-avi"))


def test_the_management_cluster_waits_too(build: Any) -> None:
    cluster = build.cluster(namespace="tkg-system")
    management = record.ClusterRef(namespace="tkg-system", name="mc", uid="u-1")
    config = build.adc({"workloadCredentialRef": None})
    view = build.view(config, cluster=cluster, cluster_ref=management)
    answer = AkoPlugin().contribute(structs.replace(view, awaited=AWAITED))
    assert isinstance(answer, api.Wait)
    declined = AkoPlugin().contribute(view)
    assert isinstance(declined, api.Contribution)
    (secret,) = declined.secrets
    assert secret.data["username"].name == "admin"


@pytest.mark.parametrize("answer", [WAITS, AWAY])
def test_nothing_is_deployed_with_the_account_of_the_config_meanwhile(
    build: Any, answer: api.Result
) -> None:
    async def story(there: AccountsFleet) -> None:
        await there.fleet.until(lambda: there.reason() == "CredentialAwaited")
        assert there.username() == ""
        await there.answers(GIVEN)
        await there.fleet.until(lambda: there.username() == "own")

    play(build, answer, story)


def test_the_config_counts_once_the_account_is_declined(build: Any) -> None:
    async def story(there: AccountsFleet) -> None:
        await there.fleet.until(lambda: there.reason() == "CredentialAwaited")
        await there.answers(DECLINED)
        await there.fleet.until(lambda: there.username() == "shop-avi")

    play(build, WAITS, story)


def test_an_account_that_is_declined_later_is_followed_by_that_of_the_config(build: Any) -> None:
    async def story(there: AccountsFleet) -> None:
        await there.fleet.until(lambda: there.username() == "own")
        await there.answers(DECLINED)
        await there.fleet.until(lambda: there.username() == "shop-avi")
        await there.answers(GIVEN)
        await there.fleet.until(lambda: there.username() == "own")

    play(build, GIVEN, story)


def test_a_running_ako_keeps_its_account_while_another_is_awaited(build: Any) -> None:
    async def story(there: AccountsFleet) -> None:
        await there.fleet.until(lambda: there.username() == "shop-avi")
        await there.answers(AWAY)
        await there.fleet.until(lambda: there.reason() == "CredentialAwaited")
        assert there.username() == "shop-avi"

    play(build, DECLINED, story)


def test_without_an_account_and_with_a_decline_the_message_names_the_field(build: Any) -> None:
    async def story(there: AccountsFleet) -> None:
        await there.fleet.until(lambda: there.reason() == "CredentialMissing")
        assert there.username() == ""

    play(build, DECLINED, story, workloadCredentialRef=None)


def adopted(
    build: Any,
    kind: str = "Ancestor",
    *,
    begun: bool = True,
    account: dict[str, str] | None = None,
) -> api.View:
    """A cluster whose AKO was adopted, with a config that names no account unless told so."""
    install = installed.AkoInstall(namespace="avi-system", kind=kind)
    fact = structs.to_object(install)
    stored = record.StoredFact(plugin="ako", version=1, data=fact)
    at = record.Adoption(started_at=clock.ManualClock().now()) if begun else None
    config = build.adc({"workloadCredentialRef": account})
    view: api.View = build.view(config, facts={"AkoInstall": stored}, adoption=at)
    return view


def sources(view: api.View) -> set[tuple[str, str, bool]]:
    """Namespace, name and mark of each source of avi-secret."""
    data = credential.secret(view, config.decode(view.config), options.Options()).data
    assert set(data) == {"username", "password", "certificateAuthorityData"}
    return {(source.namespace, source.name, source.of_ancestor) for source in data.values()}


def test_the_account_of_the_ancestor_stays_that_of_an_adopted_ako(build: Any) -> None:
    """Of the record's own Cluster, whatever a config names."""
    view = adopted(build)
    assert sources(view) == {("team-a", "shop-avi-credentials", True)}
    assert credential.references(view) == (("team-a", "shop-avi-credentials"),)
    named = adopted(build, account={"namespace": "avi", "name": "own"})
    assert sources(named) == {("avi", "own", False), ("avi", "ca", False)}


@pytest.mark.parametrize("case", [{"kind": "YAML"}, {"kind": "Helm"}, {"begun": False}])
def test_no_other_ako_gets_the_account_of_the_ancestor(build: Any, case: dict[str, Any]) -> None:
    with pytest.raises(refusal.Refusal, match="AKO has no account"):
        sources(adopted(build, **case))


def test_the_kind_is_that_which_recognises_an_install() -> None:
    assert credential.ANCESTOR in typing.get_args(recognise.Kind)
