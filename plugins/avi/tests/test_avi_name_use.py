"""A clusterName that akoo-core did not make: shown to be the cluster's alone, or shared."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_avi.cleanup import confirm, sweep, verify
from akoo_avi.client.access import refusal
from akoo_avi.place import exclusive
from akoo_avi.place.intend import intend
from akoo_avi.spec import names, placement
from akoo_testbed.akosim.world import INGRESS, SERVICE

from akoo_core import structs
from akoo_core.kube import errors, resource
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.testing import builders, memory
from tests.avi import avi_inventory
from tests.avi.avi_bed import AviBed, X

NAME = "my-cluster"
INGRESSES = resource.Resource("networking.k8s.io", "v1", "ingresses", "Ingress")


def kubernetes(*, without: tuple[str, str] = ("", "")) -> memory.MemoryServer:
    """The workload cluster whose AKO :func:`avi_inventory.lives` plays; ``without`` one object."""
    server = memory.MemoryServer()
    server.served.serve(INGRESSES)
    world = avi_inventory.world()
    for kind, api_version, name in (
        (SERVICE, "v1", "Service"),
        (INGRESS, "networking.k8s.io/v1", "Ingress"),
    ):
        for obj in world.all(kind):
            if (name, obj["metadata"]["name"]) != without:
                server.seed({**obj, "apiVersion": api_version, "kind": name})
    return server


def bed_of(mode: str = "sni", cluster: str = NAME) -> AviBed:
    bed = AviBed(cluster)
    bed.tenants = ()
    avi_inventory.give_addresses(bed)
    bed.claim()
    avi_inventory.lives(bed, cluster, mode)
    return bed


async def looked(
    bed: AviBed, server: memory.MemoryServer | None, *known: api.Fact
) -> tuple[api.Fact, ...]:
    """The facts of prepare."""
    ctx = structs.replace(
        context(bed, *known), workload=server.client() if server is not None else None
    )
    return await exclusive.look(ctx, bed.client(), bed.stored)


def context(bed: AviBed, *known: api.Fact, **spec: Any) -> api.VerbContext:
    """The context of a verb of a record with these facts."""
    ctx = bed.context(**spec)
    stored: dict[str, record.StoredFact] = {
        **ctx.view.spec.facts,
        **builders.stored_facts(names.PLUGIN, *known),
    }
    view = structs.replace(ctx.view, spec=structs.replace(ctx.view.spec, facts=stored))
    return structs.replace(ctx, view=view)


def use_of(facts: tuple[api.Fact, ...]) -> api.ClusterNameUse:
    (use,) = (fact for fact in facts if isinstance(fact, api.ClusterNameUse))
    return use


@pytest.mark.parametrize("mode", avi_inventory.MODES)
async def test_all_that_an_ako_makes_of_its_cluster_shows_that_the_name_is_its_own(
    mode: str,
) -> None:
    bed = bed_of(mode)
    facts = await looked(bed, kubernetes())
    assert use_of(facts) == api.ClusterNameUse(name=NAME, exclusive=True)
    (shown,) = (fact for fact in facts if isinstance(fact, placement.AviNameExclusive))
    assert (shown.identity, shown.tenant_uuid) == (bed.stored.place.identity, "admin")
    assert shown.objects > 30


async def test_an_adopted_cluster_that_leaves_leaves_nothing_and_proves_it() -> None:
    bed = bed_of()
    facts = await looked(bed, kubernetes())
    ctx = context(bed, *facts)
    assert isinstance(await confirm.confirm(ctx, bed.client(), bed.stored), api.Done)
    assert isinstance(await sweep.sweep(ctx, bed.client(), bed.stored), api.Done)
    assert not bed.count().objects
    proof = await verify.verify(ctx, bed.client(), bed.stored)
    assert isinstance(proof, api.Proof)
    assert (proof.own, proof.suspect, proof.held, proof.unseen) == (0, 0, 0, ())


async def test_without_the_proof_the_same_objects_stay() -> None:
    bed = bed_of()
    before = bed.controller.snapshot()
    with pytest.raises(refusal.Refusal) as caught:
        await confirm.confirm(context(bed), bed.client(), bed.stored)
    assert caught.value.reason == "NameNotExclusive"
    assert isinstance(await sweep.sweep(context(bed), bed.client(), bed.stored), api.Blocked)
    assert not bed.diff(before)


async def test_a_proof_of_another_place_counts_for_nothing() -> None:
    bed = bed_of()
    elsewhere = placement.AviNameExclusive(identity="another", tenant_uuid="admin", objects=1)
    result = await sweep.sweep(context(bed, elsewhere), bed.client(), bed.stored)
    assert isinstance(result, api.Blocked)


async def test_objects_of_a_service_that_the_cluster_lacks_make_the_name_shared() -> None:
    bed = bed_of()
    use = use_of(await looked(bed, kubernetes(without=("Service", "dns-b"))))
    assert not use.exclusive
    assert (use.count, len(use.objects)) == (6, exclusive.NAMED)
    assert all("/dns-b, which this cluster does not have" in line for line in use.objects)


async def test_of_a_shared_name_nothing_goes_and_the_record_ends_without_a_proof() -> None:
    bed = bed_of()
    facts = await looked(bed, kubernetes(without=("Ingress", "safe")))
    ctx, before = context(bed, *facts), bed.controller.snapshot()
    assert isinstance(await confirm.confirm(ctx, bed.client(), bed.stored), api.Done)
    swept = await sweep.sweep(ctx, bed.client(), bed.stored)
    assert isinstance(swept, api.Done)
    assert "akoo.io/sweep-tenants=" in swept.message
    assert not bed.diff(before)
    proof = await verify.verify(ctx, bed.client(), bed.stored)
    assert isinstance(proof, api.Proof)
    assert (proof.own, proof.held) == (0, 0)
    assert proof.suspect > 30
    assert "others may use that name, too" in proof.unseen[0]


async def test_the_record_of_a_shared_name_says_so_while_its_cluster_lives() -> None:
    bed = bed_of()
    use = use_of(await looked(bed, kubernetes(without=("Ingress", "safe"))))
    intent = intend(context(bed, use).view)
    assert isinstance(intent, api.Intent)
    (condition,) = intent.conditions
    assert (condition.type, condition.reason) == ("ClusterNameShared", "NotExclusive")
    assert use.objects[0] in condition.message
    alone = intend(context(bed, api.ClusterNameUse(name=NAME, exclusive=True)).view)
    assert isinstance(alone, api.Intent)
    assert not alone.conditions


async def test_a_person_who_names_tenants_decides() -> None:
    bed = bed_of()
    facts = await looked(bed, kubernetes(without=("Ingress", "safe")))
    bed.tenants = ("admin",)
    ctx = context(bed, *facts)
    assert isinstance(await sweep.sweep(ctx, bed.client(), bed.stored), api.Done)
    assert not bed.count().objects
    intent = intend(ctx.view)
    assert isinstance(intent, api.Intent)
    assert not intent.conditions


async def test_an_object_that_names_nothing_makes_the_name_shared() -> None:
    bed = bed_of()
    bed.own("vsvip", "Shared-L7-9")
    use = use_of(await looked(bed, kubernetes()))
    assert use.objects == (
        f'VsVip "{NAME}--Shared-L7-9" (tenant admin) names nothing that it was made for',
    )


async def test_an_object_in_another_cloud_makes_the_name_shared() -> None:
    bed = bed_of()
    bed.own("vsvip", "far", cloud_ref="/api/cloud/?name=other")
    use = use_of(await looked(bed, kubernetes()))
    assert use.objects == (f'VsVip "{NAME}--far" (tenant admin) is in another cloud',)


async def test_what_others_have_in_their_tenants_is_not_touched_and_shows() -> None:
    bed = bed_of()
    bed.own("vsvip", "shop", "blue")
    facts = await looked(bed, kubernetes())
    assert use_of(facts).exclusive
    ctx = context(bed, *facts)
    assert isinstance(await sweep.sweep(ctx, bed.client(), bed.stored), api.Done)
    assert bed.controller.state.objects.named("vsvip", f"{NAME}--shop")
    answer = await verify.verify(ctx, bed.client(), bed.stored)
    assert isinstance(answer, api.Unverified)
    assert answer.reason == "NameNotExclusive"


async def test_a_kind_that_may_not_be_listed_makes_the_name_shared() -> None:
    bed, server = bed_of(), kubernetes()
    server.faults.before("list services", errors.ForbiddenError("no"), times=9)
    use = use_of(await looked(bed, server))
    assert use.objects == ("not every Service of the cluster could be read",)


async def test_a_kind_with_too_many_objects_makes_the_name_shared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exclusive, "PAGES", 1)
    monkeypatch.setattr(exclusive, "PAGE", 2)
    use = use_of(await looked(bed_of(), kubernetes()))
    assert "not every Ingress of the cluster could be read" in use.objects


async def test_without_the_workload_cluster_there_is_no_answer() -> None:
    assert await looked(bed_of(), None) == ()


async def test_a_cluster_that_does_not_answer_leaves_the_last_answer() -> None:
    bed, server = bed_of(), kubernetes(without=("Ingress", "safe"))
    shared = await looked(bed, server)
    assert not use_of(shared).exclusive
    server.faults.before("list services", errors.ServerError("not now"), times=9)
    assert await looked(bed, server) == ()
    assert await looked(bed, server, *shared) == shared


async def test_a_name_that_we_made_is_not_asked_about() -> None:
    bed = bed_of(cluster=X)
    since = bed.controller.journal.last
    assert await looked(bed, kubernetes()) == ()
    assert not list(bed.controller.journal.entries(since=since))


async def test_what_was_shown_once_is_not_asked_again() -> None:
    bed = bed_of()
    facts = await looked(bed, kubernetes())
    since = bed.controller.journal.last
    assert await looked(bed, None, *facts) == facts
    assert not list(bed.controller.journal.entries(since=since))
