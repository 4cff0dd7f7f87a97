"""Operators of a life, each with an account of its own in its management cluster."""

from __future__ import annotations

from typing import Any

from akoo_testbed import kubeapi
from akoo_testbed.bed import Bed

from akoo_core import settings
from akoo_core.plugin_host import loader
from akoo_core.sandbox import install, process
from akoo_core.sandbox.avi import SandboxAvi
from akoo_core.sandbox.stage import RECORD, STEP_SECONDS, StoryError

PLUGINS = "ako,avi"

Object = dict[str, Any]


async def operator_of(
    bed: Bed, api: kubeapi.KubeApi, url: str, name: str
) -> process.OperatorProcess:
    """An operator for the management cluster at ``url``; not started."""
    plugins = loader.load(settings.load(overrides={"enabledPlugins": PLUGINS}))
    await install.install(api, plugins)
    text = await install.account_kubeconfig(api, url, bed.base.authority.pem)
    return process.OperatorProcess(
        kubeconfig=install.write_private(bed.base.folder / f"{name}.kubeconfig", text),
        plugins=plugins.names,
        log=bed.base.log_file(name),
    )


async def proof_of(api: kubeapi.KubeApi, controller: SandboxAvi, record: str) -> str:
    """Wait for the proof of a record; a line about it. Raises StoryError when there is none."""

    def finished(obj: Object | None) -> bool:
        return ((obj or {}).get("status") or {}).get("phase") == "Finished"

    stored = await api.wait_for(RECORD, None, record, finished, STEP_SECONDS) or {}
    leaving = stored["spec"]["leaving"]
    proof, why = leaving.get("proof") or {}, leaving["letGo"]["why"]
    if why != "Proven" or (proof.get("own"), proof.get("held")) != (0, 0):
        raise StoryError(f"record {record} was let go as {why}, with the proof {proof}")
    if left := controller.marked(stored["spec"]["akoClusterName"]):
        raise StoryError(f"record {record} is proven, but on Avi there is {', '.join(left)}")
    return f"{why}, {len(proof['queries'])} queries, nothing left on Avi"
