"""Hosts whose TLS Avi passes through: shared virtual services that choose by server name; pure.

Each has a companion on port 80, on the same VIP, that redirects to HTTPS. Names are plain with EVH,
too.
"""

import collections.abc
import dataclasses

from akoo_testbed.akosim.objects import ingress, model, names
from akoo_testbed.akosim.objects.hostparts import MONITOR, member, policies, redirect
from akoo_testbed.akosim.objects.ingress import VirtualHost
from akoo_testbed.akosim.objects.layer7 import PLAIN_PORTS, Parent
from akoo_testbed.akosim.objects.maker import Maker, metadata
from akoo_testbed.akosim.objects.status import Host
from akoo_testbed.akosim.world import World
from akoo_testbed.kubeapi import Object

Wanted = collections.abc.Iterator[model.Wanted]

_SECURE_PORTS = ({"port": 443, "port_range_end": 443},)
_SCRIPT = 'local tls = require "Default-TLS"\n-- pool group {prefix} and the server name'


@dataclasses.dataclass(frozen=True, slots=True)
class Passthrough:
    """Makes all objects for Ingresses that pass TLS through."""

    maker: Maker
    world: World

    def desired(self) -> Wanted:
        """All objects."""
        for parent in self._parents():
            for site in parent.sites:
                yield from self._backends(site)
            yield self._script(parent)
            yield self.maker.vip(parent.tenant, parent.name, parent.hosts)
            yield self._secure(parent)
            child = model.passed_child(parent.name)
            yield redirect(self.maker, parent.tenant, child, parent.hosts)
            yield self._plain(parent, child)

    def hosts(self) -> dict[tuple[str, str], list[Host]]:
        """The hosts of each such Ingress, by (namespace, name), and where they are served."""
        served: dict[tuple[str, str], list[Host]] = {}
        for parent in self._parents():
            for site in parent.sites:
                host = Host(site.host, site.tenant, parent.name, parent.name)
                for owner in sorted({(path.namespace, path.ingress) for path in site.paths}):
                    served.setdefault(owner, []).append(host)
        return served

    def _parents(self) -> list[Parent]:
        config = self.maker.config
        by_place: dict[tuple[str, str], list[VirtualHost]] = {}
        for site in ingress.virtual_hosts(config, self.world, passed=True):
            number = names.bucket(site.host, config.passthrough_shard)
            name = f"{config.shared_prefix}{model.PASSED}{number}"
            by_place.setdefault((site.tenant, name), []).append(site)
        return [Parent(*place, tuple(sites)) for place, sites in sorted(by_place.items())]

    def _backends(self, site: VirtualHost) -> Wanted:
        group, pools = self._group_name(site), []
        for path in {path.service: path for path in site.paths}.values():
            name = f"{group}-{path.service}"
            servers = [(server.address, server.port) for server in path.servers]
            marks = {"Host": [site.host], "ServiceName": [path.service]}
            yield self.maker.pool(site.tenant, name, servers, 80, MONITOR, **marks)
            pools.append(name)
        body = {"members": [member(pool) for pool in pools]}
        yield self.maker.make("poolgroup", site.tenant, group, body, Host=[site.host])

    def _group_name(self, site: VirtualHost) -> str:
        return f"{self.maker.config.prefix}{site.host}"

    def _script(self, parent: Parent) -> model.Wanted:
        text = _SCRIPT.format(prefix=self.maker.config.prefix)
        groups = [model.reference("poolgroup", self._group_name(site)) for site in parent.sites]
        body = {
            "datascript": [{"evt": "VS_DATASCRIPT_EVT_L4_REQUEST", "script": text}],
            "pool_group_refs": groups,
            "protocol_parser_refs": [model.reference("protocolparser", "Default-TLS")],
        }
        return self.maker.make("vsdatascriptset", parent.tenant, parent.name, body)

    def _secure(self, parent: Parent) -> model.Wanted:
        script = model.reference("vsdatascriptset", parent.name)
        child = model.passed_child(parent.name)
        body = {
            **_common(parent, "System-L4-Application"),
            "services": list(_SECURE_PORTS),
            "vs_datascripts": [{"index": 0, "vs_datascript_set_ref": script}],
            "service_metadata": metadata(passthrough_child_ref=child),
        }
        return self.maker.service(parent.tenant, parent.name, body)

    def _plain(self, parent: Parent, name: str) -> model.Wanted:
        body = {
            **_common(parent, "System-HTTP"),
            "services": list(PLAIN_PORTS),
            "http_policies": policies(name),
            "service_metadata": metadata(passthrough_parent_ref=parent.name),
        }
        return self.maker.service(parent.tenant, name, body)


def _common(parent: Parent, profile: str) -> Object:
    return {
        "type": "VS_TYPE_NORMAL",
        "vsvip_ref": model.reference("vsvip", parent.name),
        "application_profile_ref": model.reference("applicationprofile", profile),
        "network_profile_ref": model.reference("networkprofile", "System-TCP-Proxy"),
    }
