"""Hosts of Ingresses as Avi objects: shared parents with SNI or EVH children, dedicated; pure."""

import dataclasses

from akoo_testbed.akosim.objects import ingress, model, names
from akoo_testbed.akosim.objects.hostparts import (
    HostParts,
    Wanted,
    host_marks,
    member,
    policies,
    redirect,
)
from akoo_testbed.akosim.objects.ingress import Path, VirtualHost
from akoo_testbed.akosim.objects.maker import Maker, metadata
from akoo_testbed.akosim.objects.status import Host
from akoo_testbed.akosim.world import World
from akoo_testbed.kubeapi import Object

PORTS = (
    {"port": 80, "port_range_end": 80},
    {"port": 443, "port_range_end": 443, "enable_ssl": True},
)
PLAIN_PORTS = PORTS[:1]
SCRIPT = (
    "host = avi.http.get_host_tokens(1)\npath = avi.http.get_path_tokens(1)\n"
    'if host and path then\n  avi.poolgroup.select("{name}", host .. "/" .. path)\nend\n'
)


@dataclasses.dataclass(frozen=True, slots=True)
class Parent:
    """A virtual service on which hosts hang, and its VIP, of the same name."""

    tenant: str
    name: str
    sites: tuple[VirtualHost, ...]

    @property
    def hosts(self) -> list[str]:
        """Its DNS names."""
        return sorted(site.host for site in self.sites)


@dataclasses.dataclass(frozen=True, slots=True)
class Layer7:
    """Makes all objects for Ingresses."""

    maker: Maker
    world: World

    def desired(self) -> Wanted:
        """All objects."""
        for parent in self.parents():
            if self._parts.dedicated:
                yield from self._dedicated_tree(parent)
            elif self.maker.config.evh:
                yield from self._evh_tree(parent)
            else:
                yield from self._sni_tree(parent)

    def hosts(self) -> dict[tuple[str, str], list[Host]]:
        """The hosts of each Ingress, by (namespace, name), and where they are served."""
        owners: dict[tuple[str, str], list[Host]] = {}
        for parent in self.parents():
            for site in parent.sites:
                host = Host(site.host, site.tenant, parent.name, self._serving(parent, site))
                for owner in sorted({(path.namespace, path.ingress) for path in site.paths}):
                    owners.setdefault(owner, []).append(host)
        return owners

    def parents(self) -> list[Parent]:
        """The parents that are needed, with their hosts."""
        groups: dict[tuple[str, str], list[VirtualHost]] = {}
        for site in ingress.virtual_hosts(self.maker.config, self.world):
            groups.setdefault((site.tenant, self._parent_name(site)), []).append(site)
        return [Parent(*key, tuple(sites)) for key, sites in sorted(groups.items())]

    @property
    def _parts(self) -> HostParts:
        return HostParts(self.maker)

    def _parent_name(self, site: VirtualHost) -> str:
        config = self.maker.config
        if self._parts.dedicated:
            plain = f"{config.prefix}{site.host}-L7-dedicated"
            return f"{names.hashed(config.cluster, plain)}-EVH" if config.evh else plain
        if not config.evh:
            return f"{config.shared_prefix}Shared-L7-{names.bucket(site.host, config.shard)}"
        if config.vip_per_namespace:
            return f"{config.shared_prefix}Shared-L7-EVH-NS-{site.namespace}"
        return f"{config.shared_prefix}Shared-L7-EVH-{names.bucket(site.host, config.shard)}"

    def _serving(self, parent: Parent, site: VirtualHost) -> str:
        """The virtual service that answers for a host."""
        own = self.maker.config.evh or site.certificate is not None
        own = own and not self._parts.dedicated
        return self._parts.child_name(site) if own else parent.name

    # Parents

    def _sni_tree(self, parent: Parent) -> Wanted:
        plain = [(s, p) for s in parent.sites if s.certificate is None for p in s.paths]
        yield from self._shared_group(parent, plain)
        secure = [site for site in parent.sites if site.certificate]
        if secure:
            hosts = sorted(site.host for site in secure)
            yield redirect(self.maker, parent.tenant, parent.name, hosts)
        sets = policies(parent.name) if secure else []
        yield from self._parent(parent, {"http_policies": sets} | _scripts(parent.name))
        for site in secure:
            yield from self._secure_child(parent, site)

    def _evh_tree(self, parent: Parent) -> Wanted:
        certificates = [self._parts.child_name(site) for site in parent.sites if site.certificate]
        for site in parent.sites:
            yield from self._parts.certificate(site)
        yield from self._parent(
            parent,
            {
                "vh_type": "VS_TYPE_VH_ENHANCED",
                "ssl_key_and_certificate_refs": _certs(certificates),
            },
        )
        for site in parent.sites:
            yield from self._evh_child(parent, site)

    def _dedicated_tree(self, parent: Parent) -> Wanted:
        (site,) = parent.sites
        yield from self._parts.backends(site)
        yield from self._parts.certificate(site)
        yield self._parts.switching(site)
        yield self.maker.vip(site.tenant, parent.name, parent.hosts)
        body = {
            "type": "VS_TYPE_NORMAL",
            "http_policies": policies(self._parts.policy_name(site)),
            "services": list(PORTS if site.certificate else PLAIN_PORTS),
            **_application(parent.name),
        }
        if site.certificate:
            yield redirect(self.maker, site.tenant, parent.name, [site.host])
            body["http_policies"] = policies(self._parts.policy_name(site), parent.name)
            body["ssl_key_and_certificate_refs"] = _certs([self._parts.child_name(site)])
        yield self.maker.service(site.tenant, parent.name, body, **host_marks(site))

    def _parent(self, parent: Parent, more: Object) -> Wanted:
        yield self.maker.vip(parent.tenant, parent.name, parent.hosts)
        body = {
            "type": "VS_TYPE_VH_PARENT",
            "services": list(PORTS),
            "ssl_key_and_certificate_refs": _certs(["System-Default-Cert"]),
            **_application(parent.name),
            **more,
        }
        yield self.maker.service(parent.tenant, parent.name, body)

    def _shared_group(self, parent: Parent, plain: list[tuple[VirtualHost, Path]]) -> Wanted:
        """Hosts without TLS: pools of one group, chosen by a script."""
        config = self.maker.config
        members = []
        for site, path in plain:
            name = (
                f"{config.prefix}{site.host}{names.flat_path(path.path)}"
                f"-{path.namespace}-{path.ingress}"
            )
            yield self._parts.pool(site, path, name)
            label = f"{site.host}{path.path}"
            members.append(member(name) | {"priority_label": label})
        tenant, name = parent.tenant, parent.name
        yield self.maker.make("poolgroup", tenant, name, {"members": members})
        script = {"evt": "VS_DATASCRIPT_EVT_HTTP_REQ", "script": SCRIPT.format(name=name)}
        groups = [model.reference("poolgroup", name)]
        body = {"datascript": [script], "pool_group_refs": groups}
        yield self.maker.make("vsdatascriptset", tenant, name, body)

    # Children

    def _secure_child(self, parent: Parent, site: VirtualHost) -> Wanted:
        yield from self._parts.backends(site)
        yield from self._parts.certificate(site)
        yield self._parts.switching(site)
        body = {
            "vh_domain_name": [site.host],
            "http_policies": policies(self._parts.policy_name(site)),
            "ssl_key_and_certificate_refs": _certs([self._parts.child_name(site)]),
        }
        yield self._child(parent, site, body)

    def _evh_child(self, parent: Parent, site: VirtualHost) -> Wanted:
        yield from self._parts.backends(site)
        name = self._parts.child_name(site)
        yield self._parts.switching(site)
        sets = [self._parts.policy_name(site)]
        if site.certificate:
            yield redirect(self.maker, site.tenant, name, [site.host])
            sets.append(name)
        paths = sorted({path.path for path in site.paths})
        matches = {"path": {"match_criteria": "BEGINS_WITH", "match_str": paths}}
        rules = [{"name": f"{name}-0", "matches": matches}] if paths else []
        body = {
            "vh_type": "VS_TYPE_VH_ENHANCED",
            "vh_matches": [{"host": site.host, "rules": rules}],
            "http_policies": policies(*sets),
        }
        yield self._child(parent, site, body)

    def _child(self, parent: Parent, site: VirtualHost, body: Object) -> model.Wanted:
        whole = {
            "type": "VS_TYPE_VH_CHILD",
            "vh_parent_vs_ref": model.reference("virtualservice", parent.name),
            "application_profile_ref": model.reference("applicationprofile", "System-Secure-HTTP"),
            "service_metadata": metadata(
                hostnames=[site.host],
                namespace_ingress_name=sorted({f"{p.namespace}/{p.ingress}" for p in site.paths}),
            ),
            **body,
        }
        return self.maker.service(
            site.tenant, self._parts.child_name(site), whole, **host_marks(site)
        )


def _application(vsvip: str) -> Object:
    return {
        "vsvip_ref": model.reference("vsvip", vsvip),
        "application_profile_ref": model.reference("applicationprofile", "System-Secure-HTTP"),
        "network_profile_ref": model.reference("networkprofile", "System-TCP-Proxy"),
    }


def _scripts(name: str) -> Object:
    entry = {"index": 0, "vs_datascript_set_ref": model.reference("vsdatascriptset", name)}
    return {"vs_datascripts": [entry]}


def _certs(certificates: list[str]) -> list[str]:
    return [model.reference("sslkeyandcertificate", name) for name in certificates]
