"""AviInfraSettings, as far as the SE groups go that they name.

AKO puts the cluster's label on each of them, at its start and when it meets a new one. It takes
off no label but that of the group in its own settings: those stay after `Done`.
"""

import logging

from akoo_testbed.akosim import avi, boot
from akoo_testbed.akosim.config import Config
from akoo_testbed.kubeapi import HICCUPS, KubeApi

log = logging.getLogger(__name__)

AVI_INFRA_SETTING = "ako.vmware.com/v1beta1/AviInfraSetting"


async def se_groups(api: KubeApi) -> frozenset[str]:
    """Names of the SE groups; none where the kind is not served, or nobody answers."""
    try:
        settings = await api.list(AVI_INFRA_SETTING)
    except HICCUPS:
        return frozenset()
    groups = [(setting.get("spec") or {}).get("seGroup") or {} for setting in settings]
    return frozenset(str(group["name"]) for group in groups if group.get("name"))


async def label(client: avi.Avi, settings: Config, name: str) -> None:
    """Label a group that a running AKO meets: what keeps it from that is logged, no more."""
    try:
        await boot.label_group(client, settings, name)
    except (boot.KilledError, avi.AviError) as error:
        log.info("SE group %s is not labelled: %s", name, error)
