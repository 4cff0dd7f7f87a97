from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from akoo_core import errors, structs
from akoo_core.kube import client
from akoo_core.kube import resource as resources
from akoo_core.kube.resource import Resource
from akoo_core.plugin import api
from akoo_core.plugin.api import hookimpl
from akoo_core.plugin.errors import OutOfScopeError
from akoo_core.plugin_host import controllers, registry, scoped_client
from akoo_core.testing.memory import MemoryServer

POOLS = Resource("akoo.io", "v1alpha1", "aviippools", "AviIPPool", namespaced=False)


async def _reconcile(request: api.Request, ctx: api.ControllerContext) -> api.Result:
    return api.Done()


GOOD = api.ControllerRegistration(
    name="ippools",
    watches=(POOLS, resources.CLUSTERS),
    keys=lambda resource, obj: (),
    reconcile=_reconcile,
    writes=(POOLS,),
)


class Demo(api.Plugin):
    name = "avi"
    rbac: ClassVar[tuple[api.RbacRule, ...]] = (
        api.RbacRule(
            groups=("akoo.io",),
            resources=("aviippools",),
            verbs=("get", "list", "watch", "patch"),
        ),
    )

    def __init__(self, answer: Callable[[], Any]) -> None:
        super().__init__()
        self.answer = answer

    @hookimpl
    def controllers(self) -> Any:
        return self.answer()


class Other(Demo):
    name = "avi-ippools"


def _collect(answer: Any) -> tuple[controllers.Controller, ...]:
    return controllers.collect(registry.PluginSet([Demo(lambda: answer)]))


def test_registrations_are_collected_with_their_plugin() -> None:
    (controller,) = _collect((GOOD,))
    assert controller.name == "avi-ippools"
    assert controller.registration is GOOD
    assert controllers.collect(registry.PluginSet()) == ()


async def _keys(resource: Resource, obj: client.Object) -> tuple[str, ...]:
    return ()


async def _secrets(obj: client.Object) -> tuple[tuple[str, str], ...]:
    return ()


async def _goes_by(resource: Resource, obj: client.Object) -> object:
    return obj


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": "IP pools"}, "its name takes lower case letters, digits and hyphens"),
        ({"watches": ()}, "it watches nothing"),
        ({"writes": (), "finalizer": "a/b"}, "it writes nothing, so it puts finalizer a/b on"),
        (
            {"subject": resources.PODS},
            "its subject pods is no kind that it watches",
        ),
        ({"workers": 0}, "it needs at least one worker"),
        ({"keys": _keys}, 'keys must not be "async def"'),
        ({"secrets": _secrets}, 'secrets must not be "async def"'),
        ({"goes_by": _goes_by}, 'goes_by must not be "async def"'),
        ({"reconcile": print}, 'reconcile must be "async def"'),
        ({"plan": print}, 'plan must be "async def"'),
        (
            {"watches": (resources.PODS,)},
            "rbac of the plugin lacks get, list, watch on pods",
        ),
        ({"writes": (resources.SECRETS,)}, "rbac of the plugin has no verb that writes secrets"),
    ],
)
def test_a_registration_that_cannot_work_is_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(errors.InputError) as caught:
        _collect((structs.replace(GOOD, **changes),))
    message = str(caught.value)
    assert problem in message
    assert "of plugin avi" in message
    if "reconcile" not in changes:
        assert f"{__file__}:{inspect.getsourcelines(_reconcile)[1]}" in message


def test_the_right_to_write_status_alone_is_enough() -> None:
    class Judge(Demo):
        rbac: ClassVar[tuple[api.RbacRule, ...]] = (
            api.RbacRule(
                groups=("akoo.io",), resources=("aviippools",), verbs=("get", "list", "watch")
            ),
            api.RbacRule(groups=("akoo.io",), resources=("aviippools/status",), verbs=("patch",)),
        )

    plugins = registry.PluginSet([Judge(lambda: (GOOD,))])
    assert [controller.registration for controller in controllers.collect(plugins)] == [GOOD]


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(errors.InputError, match="another controller has the same name"):
        _collect((GOOD, GOOD))


def test_what_is_no_registration_is_refused() -> None:
    for answer in (None, [GOOD], (GOOD, "x")):
        with pytest.raises(errors.InputError, match="must return a tuple of ControllerRegistr"):
            _collect(answer)

    def fails() -> None:
        raise ValueError("no")

    with pytest.raises(errors.InputError, match="controllers of plugin avi: ValueError: no"):
        controllers.collect(registry.PluginSet([Demo(fails)]))


# The scoped client.


def _cluster(name: str = "shop") -> client.Object:
    return {
        "apiVersion": "cluster.x-k8s.io/v1beta2",
        "kind": "Cluster",
        "metadata": {"name": name, "namespace": "default"},
    }


def _config_map(name: str) -> client.Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default"},
    }


@pytest.fixture
def inner() -> client.KubeClient:
    server = MemoryServer()
    server.seed(_cluster(), _config_map("a"))
    return server.client()


@pytest.fixture
def limited(inner: client.KubeClient) -> client.KubeClient:
    registration = structs.replace(
        GOOD, watches=(resources.CLUSTERS,), writes=(resources.CONFIG_MAPS,)
    )
    return scoped_client.for_controller(inner, "avi", registration)


def _writes(
    kube: client.KubeClient, resource: Resource, obj: client.Object
) -> dict[str, Callable[[], Any]]:
    name = obj["metadata"]["name"]
    return {
        "create": lambda: kube.create(resource, {**obj, "metadata": {"name": "new"}}, "default"),
        "replace": lambda: kube.replace(resource, obj),
        "merge_patch": lambda: kube.merge_patch(resource, name, {}, "default"),
        "json_patch": lambda: kube.json_patch(resource, name, [], "default"),
        "apply": lambda: kube.apply(resource, obj),
        "delete": lambda: kube.delete(resource, name, "default"),
    }


def test_every_method_of_a_client_is_limited(limited: client.KubeClient) -> None:
    methods = {name for name in vars(client.KubeClient) if not name.startswith("_")}
    assert methods == set(_writes(limited, resources.CLUSTERS, _cluster())) | {
        "get",
        "list",
        "watch",
        "raw",
        "close",
    }


@pytest.mark.parametrize("method", _writes(MemoryServer().client(), resources.PODS, _cluster()))
async def test_only_what_it_writes_can_be_written(
    inner: client.KubeClient, limited: client.KubeClient, method: str
) -> None:
    live = await inner.get(resources.CONFIG_MAPS, "a", "default")
    del live["metadata"]["managedFields"]
    await _writes(limited, resources.CONFIG_MAPS, live)[method]()
    with pytest.raises(OutOfScopeError) as caught:
        await _writes(limited, resources.CLUSTERS, _cluster())[method]()
    assert isinstance(caught.value, PermissionError)
    assert str(caught.value) == (
        "controller ippools of plugin avi may not write clusters.cluster.x-k8s.io: "
        "the kind is not in its writes"
    )


async def test_what_it_watches_or_writes_can_be_read(limited: client.KubeClient) -> None:
    for resource, name in ((resources.CLUSTERS, "shop"), (resources.CONFIG_MAPS, "a")):
        assert (await limited.get(resource, name, "default"))["metadata"]["name"] == name
        assert len((await limited.list(resource)).items) == 1
        events = limited.watch(resource, send_initial_events=True)
        assert (await anext(events)).object["metadata"]["name"] == name
        await events.aclose()
    await limited.close()
    assert await limited.get(resources.CLUSTERS, "shop", "default")


async def test_nothing_else_can_be_read(limited: client.KubeClient) -> None:
    with pytest.raises(OutOfScopeError, match="may not read secrets: the kind is not in its"):
        await limited.get(resources.SECRETS, "a", "default")
    with pytest.raises(OutOfScopeError):
        await limited.list(resources.SECRETS)
    with pytest.raises(OutOfScopeError):
        limited.watch(resources.SECRETS)
    with pytest.raises(OutOfScopeError, match="may not read the path /version"):
        await limited.raw("/version")


async def test_verbs_read_what_any_controller_watches_and_write_nothing(
    inner: client.KubeClient,
) -> None:
    registrations = [
        structs.replace(GOOD, watches=(resources.CLUSTERS,)),
        structs.replace(GOOD, watches=(resources.CONFIG_MAPS,), writes=(resources.SECRETS,)),
    ]
    shared = scoped_client.for_verbs(inner, "avi", registrations)
    assert shared is not None
    for resource, name in ((resources.CLUSTERS, "shop"), (resources.CONFIG_MAPS, "a")):
        assert (await shared.get(resource, name, "default"))["metadata"]["name"] == name
        with pytest.raises(OutOfScopeError, match="only the controller of a shared thing writes"):
            await shared.delete(resource, name, "default")
    with pytest.raises(OutOfScopeError) as caught:
        await shared.get(resources.SECRETS, "a", "default")
    assert str(caught.value) == (
        "plugin avi, outside of its controllers, may not read secrets: "
        "no controller of it watches the kind"
    )
    assert scoped_client.for_verbs(inner, "avi", ()) is None
    with pytest.raises(OutOfScopeError):
        await scoped_client.for_reading(inner, "avi", ()).list(resources.CLUSTERS)


async def test_verbs_list_the_kinds_that_the_plugin_reads(inner: client.KubeClient) -> None:
    """Of Secrets they get the metadata: values are for the deploy executor."""
    reads = (resources.CLUSTERS, resources.SECRETS)
    shared = scoped_client.for_verbs(inner, "ako", (), reads)
    assert shared is not None
    assert (await shared.list(resources.CLUSTERS)).items
    for secret in (await shared.list(resources.SECRETS, metadata_only=True)).items:
        assert "data" not in secret
    for refused in (
        shared.list(resources.SECRETS),
        shared.get(resources.SECRETS, "a", "default"),
        shared.list(resources.CONFIG_MAPS),
        shared.delete(resources.CLUSTERS, "shop", "default"),
    ):
        with pytest.raises(OutOfScopeError):
            await refused
