"""``akoo-core ako inspect NAMESPACE/NAME``: the AKO of a Cluster, whoever deployed it."""

from __future__ import annotations

from akoo_ako.installs import read, report
from akoo_ako.releases import followed
from akoo_core.plugin import commands, errors


async def inspect(ctx: commands.CommandContext) -> commands.CommandAnswer:
    """The installs of a Cluster. Raises AkooError when it cannot be reached."""
    if ctx.cluster is None or ctx.workload is None:
        raise errors.AkooError(ctx.unreached)
    ours, problem = await followed.settings_of(ctx)
    objects = await read.read(ctx.workload, ctx.kube, ctx.cluster)
    inspected = report.inspect(objects, ctx.cluster, ours)
    return commands.CommandAnswer(
        lines=(*report.lines(ctx.cluster.key, inspected, objects.unseen), *filter(None, [problem])),
        data={
            **report.plain(ctx.cluster.key, inspected, objects.unseen),
            **({"problem": problem} if problem else {}),
        },
    )


INSPECT = commands.PluginCommand(
    name="inspect",
    help="Show the AKO of a Cluster: its version, who owns it, and a config for it.",
    run=inspect,
    of_cluster=True,
)
