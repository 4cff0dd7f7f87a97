"""Networks, IPAM profiles and clouds: ranges that make sense, and what must not be taken away."""

from akoo_testbed.avisim.access import licence
from akoo_testbed.avisim.objects import addresses, rules, schema, seeds, store
from akoo_testbed.avisim.requests import context, problems
from akoo_testbed.avisim.special import vips


class NetworkRule(rules.Rule):
    """Checks ranges; keeps what discovery wrote."""

    def prepare(
        self, ctx: context.Context, data: schema.Json, old: store.Stored | None, body: schema.Json
    ) -> None:
        subnets = data.get("configured_subnets", [])
        try:
            addresses.check_families(subnets)
            if ctx.state.switches["range-check"] == "refuse":
                addresses.check(subnets)
        except addresses.MalformedError as error:
            raise problems.bad_request(f"Network {data['name']}: {error}") from None
        if old is None:
            return
        if "vimgrnw_ref" in old.data:
            data["vimgrnw_ref"] = old.data["vimgrnw_ref"]
        if ctx.state.switches["range-in-use"] == "refuse":
            _check_held(ctx, old, data)

    def deleting(self, ctx: context.Context, stored: store.Stored) -> None:
        discovered = stored.owner is not None
        if discovered and ctx.state.switches["discovered-network-delete"] == "refuse":
            raise problems.bad_request(f"Network {stored.name} was discovered: cannot delete it")


def _check_held(ctx: context.Context, old: store.Stored, data: schema.Json) -> None:
    new = [r for subnet in data.get("configured_subnets", ()) for r in addresses.ranges(subnet)]
    for each in addresses.held(ctx.state.objects, old.uuid):
        if not any(each.address in r and r.use in each.uses for r in new):
            raise problems.bad_request(
                f"Network {old.name}: {each.address} is in use by {ctx.state.shown(each.holder)}"
            )


class IpamRule(rules.Rule):
    """The rule of IPAM profiles. A switch decides if a network with addresses in use may
    leave one."""

    def prepare(
        self, ctx: context.Context, data: schema.Json, old: store.Stored | None, body: schema.Json
    ) -> None:
        licence.check_ipam(ctx.state, data["type"])
        if old is None or ctx.state.switches["usable-network-in-use"] == "accept":
            return
        for uuid in set(vips.usable(old.data)) - set(vips.usable(data)):
            if next(addresses.held(ctx.state.objects, uuid), None) is not None:
                name = ctx.state.name_of("network", uuid)
                raise problems.bad_request(f"Network {name} has addresses in use")


class CloudRule(rules.Rule):
    """A cloud brings its VRFs and its SE group along."""

    def prepare(
        self, ctx: context.Context, data: schema.Json, old: store.Stored | None, body: schema.Json
    ) -> None:
        licence.check_cloud(ctx.state, data["vtype"])

    def created(self, ctx: context.Context, stored: store.Stored) -> None:
        seeds.plant_cloud(ctx.state, stored.uuid)

    def deleting(self, ctx: context.Context, stored: store.Stored) -> None:
        if stored.builtin:
            raise problems.bad_request(f"cloud {stored.name} cannot be deleted")
