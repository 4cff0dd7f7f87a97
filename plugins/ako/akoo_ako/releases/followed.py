"""The settings of a command, with the rows of the ConfigMap that the operator follows."""

from __future__ import annotations

from akoo_ako import settings
from akoo_ako.releases import config_map
from akoo_core.plugin import commands, errors, kube, structs


async def settings_of(ctx: commands.CommandContext) -> tuple[settings.Settings, str]:
    """The settings with the rows of the ConfigMap; a sentence where those cannot be used."""
    ours = ctx.settings if isinstance(ctx.settings, settings.Settings) else settings.Settings()
    name, namespace = ours.releases_config_map, ctx.operator.namespace
    if not name:
        return ours, ""
    where = f"ConfigMap {namespace}/{name}"
    try:
        obj = await ctx.kube.get(kube.CONFIG_MAPS, name, namespace)
        more = config_map.rows(obj.get("data") or {}, ours.releases)
    except (kube.KubeError, TimeoutError) as error:
        return ours, f"{where} is left out: {error}"
    except errors.InputError as error:
        return ours, f"{where} is left out: {error} The operator goes on with what it took before."
    return structs.replace(ours, releases=(*ours.releases, *more)), ""
