"""The way to a controller, as a plugin other than avi goes it; and what it shares with avi."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from akoo_avi.client import Controllers, access
from akoo_avi.client.access import avi_controller, implicit, sight
from akoo_avi.plugin import AviPlugin
from akoo_testbed.avisim import client
from akoo_testbed.avisim import pytest as avisim_

from akoo_core import testing
from akoo_core.plugin import api, kube
from akoo_core.testing import builders, verbs

USERS = ("PERMISSION_USER", "PERMISSION_ROLE")


class Accountant(api.Plugin):
    """A plugin that keeps users on Avi, without plugin avi."""

    name = "accountant"
    rbac: ClassVar[tuple[api.RbacRule, ...]] = (avi_controller.READ_RULE,)

    def __init__(self, clients: Controllers | None = None) -> None:
        super().__init__()
        self._clients = clients or access.SharedControllers(page_size=10)
        self.users: list[str] = []

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        assert ctx.shared is not None
        try:
            reach = await access.of_config(ctx.shared, ctx.view.config)
            avi = await access.open(ctx, self._clients, reach)
            if lacking := await sight.missing(avi, USERS):
                return api.Blocked(reason=sight.REASON, message=lacking)
            self.users = [user["username"] for user in await avi.list("user", tenant="admin")]
        except access.ANSWERED as error:
            return access.answer(error)
        return api.Done()

    @api.hookimpl
    def secret_references(self, view: api.View) -> tuple[api.SecretPair, ...]:
        return implicit.secrets(view.config)

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        return (
            api.ControllerRegistration(
                name="accounts",
                watches=(avi_controller.AVI_CONTROLLERS,),
                keys=lambda _, obj: (obj["metadata"]["name"],),
                reconcile=_nothing,
            ),
        )

    async def close(self) -> None:
        await self._clients.close()


async def _nothing(_: api.Request, __: api.ControllerContext) -> api.Result:
    return api.Done()


class Way(testing.World):
    """A cluster whose config leads to a controller behind HTTPS."""

    def __init__(self, avi: avisim_.RunningAvi, *, declared: bool = False, **keys: str) -> None:
        address = avi.url.removeprefix("https://")
        credential = {"namespace": "avi", "name": "admin"}
        spec: dict[str, Any] = {
            "cloudName": "Default-Cloud",
            "serviceEngineGroup": "Default-Group",
            "dataNetwork": {"name": "vip", "cidr": "10.70.0.0/24"},
        }
        if not declared:
            spec |= {"controller": address, "adminCredentialRef": credential}
        options = {"avi": {"controller": "main"}} if declared else {}
        known = {
            "username": avi.options.username,
            "password": avi.options.password,
            "certificateAuthorityData": avi.server.ca_pem,
        }
        super().__init__(
            config=builders.config(spec, plugins=options),
            secrets=(builders.secret("avi", "admin", **(known | keys)),),
            resources=(avi_controller.AVI_CONTROLLERS,),
        )
        if declared:
            self.management.seed(
                {
                    "apiVersion": "akoo.io/v1alpha1",
                    "kind": "AviController",
                    "metadata": {"name": "main"},
                    "spec": {"address": address, "credentialRef": credential},
                }
            )


async def prepared(plugin: api.Plugin, world: testing.World) -> Any:
    """The answer of prepare, in this loop."""
    return (await verbs.call_verb(plugin, "prepare", world)).result


def logins_of(avi: avisim_.RunningAvi) -> list[int]:
    """The answers to all logins."""
    entries = avi.controller.journal.entries(path="/login", since=0)
    return [entry.status for entry in entries]


@pytest.mark.parametrize("declared", [False, True])
async def test_a_plugin_reaches_the_controller_without_plugin_avi(
    avisim: avisim_.RunningAvi, declared: bool
) -> None:
    world, plugin = Way(avisim, declared=declared), Accountant()
    assert await prepared(plugin, world) == api.Done()
    assert "admin" in plugin.users
    view = verbs.view_of(plugin, world)
    assert plugin.secret_references(view) == (() if declared else (("avi", "admin"),))
    await plugin.close()


async def test_two_plugins_share_a_session(avisim: avisim_.RunningAvi) -> None:
    world, avi, other = Way(avisim), verbs.named(AviPlugin()), Accountant()
    for plugin in (avi, other, avi, other):
        answer = await prepared(plugin, world)
        assert getattr(answer, "reason", "") not in ("ControllerUnreachable", "CredentialRefused")
    assert logins_of(avisim) == [200]
    await avi.close()
    # The other one goes on in the same session.
    assert await prepared(other, world) == api.Done()
    assert logins_of(avisim) == [200]
    await other.close()
    assert len(avisim.controller.state.accounts.sessions) == 0


async def test_a_refused_login_of_one_plugin_counts_for_both(avisim: avisim_.RunningAvi) -> None:
    world = Way(avisim, password=builders.canary("mistyped"))
    avi, other = verbs.named(AviPlugin()), Accountant()
    for plugin in (avi, other, avi, other):
        answer = await prepared(plugin, world)
        assert isinstance(answer, api.Blocked)
        assert answer.reason == "CredentialRefused"
    assert len(logins_of(avisim)) == 1
    await avi.close()
    await other.close()


async def test_a_plugin_that_is_closed_takes_no_callers(avisim: avisim_.RunningAvi) -> None:
    world, plugin = Way(avisim), Accountant()
    await plugin.close()
    answer = await prepared(plugin, world)
    assert isinstance(answer, api.Wait)
    assert answer.reason == "SessionLost"
    assert logins_of(avisim) == []


async def test_a_plugin_that_comes_later_gets_a_new_registry(avisim: avisim_.RunningAvi) -> None:
    world = Way(avisim)
    for _ in range(2):
        plugin = Accountant()
        assert await prepared(plugin, world) == api.Done()
        await plugin.close()
    assert logins_of(avisim) == [200, 200]


async def test_a_credential_goes_only_to_hosts_that_its_secret_allows(
    avisim: avisim_.RunningAvi,
) -> None:
    world, plugin = Way(avisim, hosts="avi.example.com"), Accountant()
    answer = await prepared(plugin, world)
    assert isinstance(answer, api.Blocked)
    assert answer.reason == "HostNotAllowed"
    assert logins_of(avisim) == []
    await plugin.close()


async def test_an_account_that_sees_too_little_is_told_so(avisim: avisim_.RunningAvi) -> None:
    admin = client.Client(avisim.controller, password=avisim.options.password)
    few = [{"resource": "PERMISSION_USER", "type": "READ_ACCESS"}]
    role = admin.post("role", {"name": "few", "privileges": few})["url"]
    rights = [{"role_ref": role, "all_tenants": True}]
    password = builders.canary("few")
    admin.post("user", {"name": "few", "username": "few", "password": password, "access": rights})
    world, plugin = Way(avisim, username="few", password=password), Accountant()
    answer = await prepared(plugin, world)
    assert isinstance(answer, api.Blocked)
    assert answer.reason == "NoSight"
    assert "PERMISSION_ROLE" in answer.message
    await plugin.close()


def test_a_config_that_names_no_controller_is_told_the_field() -> None:
    for spec, field in (
        ({}, "spec.adminCredentialRef"),
        ({"adminCredentialRef": {"namespace": "avi", "name": "admin"}}, "spec.controller"),
        ({"controller": 7}, "spec.controller"),
    ):
        with pytest.raises(access.Refusal, match=field) as refused:
            implicit.reach({"metadata": {"name": "edge"}, "spec": spec})
        assert refused.value.reason == "ConfigInvalid"
        assert implicit.secrets({"metadata": {"name": "edge"}, "spec": spec}) == ()


async def test_the_avi_controller_that_a_config_names_must_be_there(
    avisim: avisim_.RunningAvi,
) -> None:
    world, plugin = Way(avisim, declared=True), Accountant()
    kinds = world.management.client()
    gone = {"metadata": {"finalizers": ["example.com/kept"]}}
    await kinds.merge_patch(avi_controller.AVI_CONTROLLERS, "main", gone)
    await kinds.delete(avi_controller.AVI_CONTROLLERS, "main")
    assert (await prepared(plugin, world)).reason == "AviControllerDeleting"
    free = {"metadata": {"finalizers": None}}
    await kinds.merge_patch(avi_controller.AVI_CONTROLLERS, "main", free)
    with pytest.raises(kube.NotFoundError):
        await kinds.get(avi_controller.AVI_CONTROLLERS, "main")
    assert (await prepared(plugin, world)).reason == "AviControllerNotFound"
    await plugin.close()
