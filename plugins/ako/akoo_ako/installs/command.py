"""``akoo-core ako inspect NAMESPACE/NAME``: the AKO of a Cluster, whoever deployed it."""

from __future__ import annotations

from akoo_ako import settings
from akoo_ako.installs import read, report
from akoo_core.plugin import commands, errors


async def inspect(ctx: commands.CommandContext) -> commands.CommandAnswer:
    """The installs of a Cluster. Raises AkooError when it cannot be reached."""
    if ctx.cluster is None or ctx.workload is None:
        raise errors.AkooError(ctx.unreached)
    ours = ctx.settings if isinstance(ctx.settings, settings.Settings) else settings.Settings()
    objects = await read.read(ctx.workload, ctx.kube, ctx.cluster)
    inspected = report.inspect(objects, ctx.cluster, ours)
    return commands.CommandAnswer(
        lines=tuple(report.lines(ctx.cluster.key, inspected, objects.unseen)),
        data=report.plain(ctx.cluster.key, inspected, objects.unseen),
    )


INSPECT = commands.PluginCommand(
    name="inspect",
    help="Show the AKO of a Cluster: its version, who owns it, and a config for it.",
    run=inspect,
    of_cluster=True,
)
