"""A management cluster with AviTenants, and a simulated controller."""

from __future__ import annotations

import random
from typing import Any, ClassVar

from akoo_avi.client import Controllers
from akoo_avi.client.access.avi_controller import AVI_CONTROLLERS
from akoo_avi.testing.memory import PASSWORD, memory_controllers
from akoo_tenancy import rights
from akoo_tenancy.controllers.tenants import AviTenants
from akoo_tenancy.spec.tenant import AVI_TENANTS
from akoo_testbed import avisim
from akoo_testbed.avisim import client as admins

from akoo_core import testing
from akoo_core.plugin import api, structs
from akoo_core.plugin.records import StoredUse
from akoo_core.testing import builders

ADDRESS = "avi.example.com"
Object = dict[str, Any]
CONTROLLER: Object = {
    "apiVersion": "akoo.io/v1alpha1",
    "kind": "AviController",
    "metadata": {"name": "main"},
    "spec": {"address": ADDRESS, "credentialRef": {"namespace": "avi", "name": "account"}},
}


class TenantsPlugin(api.Plugin):
    """The controllers of AviTenants alone, as a process that starts now."""

    rbac: ClassVar[tuple[api.RbacRule, ...]] = rights.RULES

    def __init__(self, clients: Controllers) -> None:
        super().__init__()
        self.name = "tenancy"
        self._clients = clients

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        return AviTenants(self._clients).registrations()


def tenant(name: str = "shop", **spec: Any) -> Object:
    """An AviTenant of AviController main."""
    return {
        "apiVersion": "akoo.io/v1alpha1",
        "kind": "AviTenant",
        "metadata": {"name": name},
        "spec": {"controller": "main", **spec},
    }


class TenantWorld(testing.World):
    """A management cluster with AviTenants, and a controller with one cloud beside the default."""

    def __init__(self, *objects: Object, profile: str = "30.2.2", **chosen: str) -> None:
        super().__init__(
            secrets=[builders.secret("avi", "account", username="operator", password=PASSWORD)],
            management=[CONTROLLER, *objects],
            resources=[AVI_CONTROLLERS, AVI_TENANTS],
        )
        self.avi = avisim.Controller(
            password=PASSWORD,
            profile=profile,
            chosen={name.replace("_", "-"): value for name, value in chosen.items()},
            rng=random.Random(7),
        )
        self.admin = admins.Client(self.avi, password=PASSWORD)
        self.admin.post("user", {"name": "operator", "password": PASSWORD, "is_superuser": True})
        self.clients = memory_controllers({ADDRESS: self.avi})

    def plugin(self) -> TenantsPlugin:
        return TenantsPlugin(self.clients)

    def attempt(self, name: str = "shop") -> Any:
        return testing.run_reconcile(self.plugin(), "tenants", name, self).result

    def row(self, name: str = "shop") -> Object | None:
        """The tenant on the controller."""
        rows = self.admin.get("tenant?page_size=200")["results"]
        return next((row for row in rows if row["name"] == name), None)

    def edit_row(self, called: str = "shop", **changes: Any) -> None:
        """A person edits the tenant on the controller."""
        row = self.row(called)
        assert row is not None
        self.admin.put(f"tenant/{row['uuid']}", {**row, **changes})

    def object(self, name: str = "shop") -> Object | None:
        objects = self.management.objects(AVI_TENANTS)
        return next((obj for obj in objects if obj["metadata"]["name"] == name), None)

    def status(self, name: str = "shop") -> Object:
        return (self.object(name) or {}).get("status") or {}

    def ready(self, name: str = "shop") -> tuple[str, str, str]:
        (row,) = (row for row in self.status(name)["conditions"] if row["type"] == "Ready")
        return row["status"], row["reason"], row["message"]

    def edit(self, kind: str = "spec", name: str = "shop", **change: Any) -> None:
        server = self.management.client()
        self.run(server.merge_patch(AVI_TENANTS, name, {kind: change}))

    def edit_status(self, name: str = "shop", **change: Any) -> None:
        server = self.management.client()
        patch = {"status": change}
        self.run(server.merge_patch(AVI_TENANTS, name, patch, subresource="status"))

    def forget(self, *fields: str, name: str = "shop") -> None:
        """The status loses fields, as by a restore."""
        server = self.management.client()
        patch = {"status": dict.fromkeys(fields)}
        self.run(server.merge_patch(AVI_TENANTS, name, patch, subresource="status"))

    def annotate(self, key: str, value: str, name: str = "shop") -> None:
        self.edit("metadata", name, annotations={key: value})

    def delete(self, name: str = "shop") -> None:
        self.run(self.management.client().delete(AVI_TENANTS, name))

    @property
    def writes(self) -> int:
        return len(self.avi.journal.entries(writes=True))

    def put(self, kind: str, body: Object, tenant: str = "shop") -> Object:
        """Somebody makes an object in the tenant."""
        made: Object = admins.Client(self.avi, password=PASSWORD, tenant=tenant).post(kind, body)
        return made


def using(there: TenantWorld, name: str = "shop") -> Object:
    """A record that uses the AviTenant."""
    use = StoredUse(
        plugin="tenancy",
        group="akoo.io",
        kind="AviTenant",
        name=name,
        uid=(there.object(name) or {})["metadata"]["uid"],
        state="confirmed",
    )
    spec = builders.record_spec(uses=(use,))
    return {
        "apiVersion": "akoo.io/v1alpha1",
        "kind": "AKODeployment",
        "metadata": {"name": spec.ako_cluster_name},
        "spec": structs.to_object(spec),
    }
