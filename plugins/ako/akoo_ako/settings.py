"""The operator's settings for this plugin (``plugins.ako`` in its settings file)."""

from __future__ import annotations

from typing import Literal

from akoo_ako import images
from akoo_ako.images import PullSecret
from akoo_ako.refusals import refusal
from akoo_ako.releases import loading
from akoo_ako.releases.rows import ReleaseRow
from akoo_ako.releases.table import Table
from akoo_core.plugin import structs
from akoo_core.plugin.errors import InputError
from akoo_core.plugin.settings import Reference

REGISTRY = "projects.packages.broadcom.com/ako"


class Settings(structs.StrictStruct, frozen=True, kw_only=True):
    """For all clusters; ``spec.plugins.ako`` of an AKODeploymentConfig wins over these."""

    version: str = ""
    """Of AKO, where the config names none. Empty: a cluster keeps the version it got first, and
    a new one gets the newest that is supported; so a new operator rolls no AKO by itself."""
    image_repository: str = f"{REGISTRY}/ako"
    gateway_image_repository: str = f"{REGISTRY}/ako-gateway-api"
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    image_pull_secrets: tuple[Reference, ...] = ()
    """Names of Secrets in avi-system of the workload cluster. They are not made by us."""
    image_registry: str = ""
    """Registry (``registry.example.com:5000/mirror``) that replaces the host of every image."""
    copied_pull_secrets: tuple[PullSecret, ...] = ()
    """Secrets of the management cluster to pull images with. Each is copied into avi-system of
    every workload cluster, and removed with AKO."""
    releases: tuple[ReleaseRow, ...] = ()
    """Releases that are not built in, each by its differences from another one."""
    releases_config_map: str = ""
    """A ConfigMap in the operator's namespace with more of them, as a list under the key
    ``releases``. It is followed. Empty: none."""
    chart_folder: str = ""
    """The folder of the operator's container with archives of charts. Empty: there are none."""
    helm: str = "helm"
    """The program that renders charts: its file, or its name in PATH."""

    @property
    def table(self) -> Table:
        """The built-in releases and those of ``releases``. Raises InputError for a wrong row."""
        return loading.table(self.releases)

    def check(self) -> None:
        """Raises InputError for a wrong row, registry or copy, and for an unknown version."""
        try:
            images.check_registry(self.image_registry, "plugins.ako.imageRegistry")
            images.check_copies(self.copied_pull_secrets, "plugins.ako.copiedPullSecrets")
        except refusal.Refusal as error:
            raise InputError(str(error)) from error
        table = self.table
        if self.version and table.find(self.version) is None:
            raise InputError(f"plugins.ako.version: {table.unknown(self.version)}")
