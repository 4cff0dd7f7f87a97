"""clusterctl moves port groups to another management cluster."""

from __future__ import annotations

from tests.stories import second
from tests.stories.scene import Scene
from tests.stories.setting import SECONDS, Object, condition
from tests.stories.story_bed import PLUGINS
from tests.stories.telling import proof, solo
from tests.stories.vsphere import network
from tests.stories.vsphere.network import CONNECTIONS, GROUPS, gone_from_vcenter, has_vlan, mo_ref

MOVING = "clusterctl.cluster.x-k8s.io/delete-for-move"


@proof
@solo
async def test_moved_by_clusterctl(s: Scene) -> None:
    """It is made there before it is deleted here. vCenter is not written to by either side until a
    person hands it over; then it is kept and removed there."""
    async with network.opened(s) as n, second.opened(s.story_bed, PLUGINS) as other:
        group = await n.made()
        here = await _management_id(s)
        await n.vcenter.control.clear_calls()
        for kind, name in (
            ("v1/Secret", f"{n.name}-vcenter"),
            ("v1/Secret", f"{n.name}-vcenter-ca"),
            (CONNECTIONS, n.name),
            (GROUPS, n.name),
        ):
            namespace = "akoo-system" if kind == "v1/Secret" else None
            await other.api.apply(_as_moved(await s.api.get(kind, namespace, name)))
        for kind in (GROUPS, CONNECTIONS):
            mark = {"metadata": {"annotations": {MOVING: ""}}}
            await s.api.patch(kind, None, n.name, mark)
            await n.delete(kind)
        await n.gone(GROUPS)
        await n.gone(CONNECTIONS)
        await other.api.wait_for(
            GROUPS,
            None,
            n.name,
            lambda obj: condition(obj or {}, "Ready").get("reason") == "ForeignOwner",
            SECONDS,
        )
        assert await n.vcenter.writes() == {}
        word = {"metadata": {"annotations": {"akoo.io/adopt": here}}}
        await other.api.patch(GROUPS, None, n.name, word)
        taken = await other.api.wait_for(GROUPS, None, n.name, _in_force, SECONDS)
        assert mo_ref(taken or {}) == mo_ref(group)
        assert "AddDVPortgroup_Task" not in await n.vcenter.writes()
        await n.vcenter.change_vlan(mo_ref(group), 666)
        await n.in_vcenter(has_vlan(network.VLAN))
        await other.api.patch(GROUPS, None, n.name, {"spec": {"deletionPolicy": "Delete"}})
        await other.api.delete(GROUPS, None, n.name)
        await other.api.delete(CONNECTIONS, None, n.name)
        for kind in (GROUPS, CONNECTIONS):
            await other.api.wait_for(kind, None, n.name, lambda obj: obj is None, SECONDS)
        await n.in_vcenter(gone_from_vcenter)


async def _management_id(s: Scene) -> str:
    system = await s.api.get("v1/Namespace", None, "kube-system")
    return str(system["metadata"]["uid"])


def _as_moved(obj: Object) -> Object:
    """The object as clusterctl makes it at the target: no status, no finalizers."""
    fields = ("name", "namespace", "labels", "annotations")
    metadata = {key: obj["metadata"][key] for key in fields if key in obj["metadata"]}
    rest = {key: value for key, value in obj.items() if key not in ("metadata", "status")}
    return {**rest, "metadata": metadata}


def _in_force(group: Object | None) -> bool:
    return group is not None and network.in_force(group)
