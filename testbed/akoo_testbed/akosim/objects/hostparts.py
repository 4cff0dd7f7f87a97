"""The objects of AKO for one host of its Ingresses, whatever it hangs on; pure."""

import collections.abc
import dataclasses

from akoo_testbed.akosim.objects import model, names
from akoo_testbed.akosim.objects.ingress import Path, VirtualHost
from akoo_testbed.akosim.objects.maker import Maker
from akoo_testbed.kubeapi import Object

MONITOR = "System-TCP"

Wanted = collections.abc.Iterator[model.Wanted]


@dataclasses.dataclass(frozen=True, slots=True)
class HostParts:
    """Certificate, pools, pool groups, string groups and policy set of a host."""

    maker: Maker

    @property
    def dedicated(self) -> bool:
        """True if each host has a virtual service of its own."""
        config = self.maker.config
        return config.shard == 0 and not (config.evh and config.vip_per_namespace)

    def child_name(self, site: VirtualHost) -> str:
        """The name of a host's child, and of its certificate."""
        config = self.maker.config
        return self._named(f"{config.prefix}{site.host}")

    def _named(self, plain: str) -> str:
        """A name in the form of the mode: as it is with SNI, hidden behind a sum with EVH."""
        config = self.maker.config
        return names.hashed(config.cluster, plain) if config.evh else plain

    def certificate(self, site: VirtualHost) -> Wanted:
        """The certificate of a host with TLS."""
        if site.certificate is None:
            return
        body = {
            "type": "SSL_CERTIFICATE_TYPE_VIRTUALSERVICE",
            "certificate": {"certificate": site.certificate.certificate},
            "key": site.certificate.key,
        }
        name = self.child_name(site)
        yield self.maker.make("sslkeyandcertificate", site.tenant, name, body, Host=[site.host])

    def backends(self, site: VirtualHost) -> Wanted:
        """A pool group and a pool for each path, and string groups for patterns."""
        for path in site.paths:
            group = self._group_name(site, path)
            pool = self._pool_name(site, path)
            yield self.pool(site, path, pool)
            body = {"members": [member(pool)]}
            yield self.maker.make("poolgroup", site.tenant, group, body, **marks(site, path))
            if path.regex:
                yield self._string_group(site, path)

    def pool(self, site: VirtualHost, path: Path, name: str) -> model.Wanted:
        """The pool behind a path."""
        own_marks = marks(site, path) | {"ServiceName": [path.service]}
        servers = [(server.address, server.port) for server in path.servers]
        return self.maker.pool(site.tenant, name, servers, 80, MONITOR, **own_marks)

    def policy_name(self, site: VirtualHost) -> str:
        """The name of the policy set of `switching`."""
        return self._named(f"{self.maker.config.prefix}{site.namespace}-{site.host}")

    def _pool_name(self, site: VirtualHost, path: Path) -> str:
        """With SNI the name of the path's group; the Service is in it with EVH only."""
        services = (path.service,) if self.maker.config.evh else ()
        return self._path_name(site, path, *services)

    def _group_name(self, site: VirtualHost, path: Path) -> str:
        return self._path_name(site, path)

    def _path_name(self, site: VirtualHost, path: Path, *more: str) -> str:
        """A name for what belongs to a path; for patterns it is a sum in every mode."""
        config = self.maker.config
        start = f"{config.prefix}{path.namespace}-{site.host}{names.flat_path(path.path)}"
        plain = "-".join((start, path.ingress, *more)) + ("-L7-dedicated" if self.dedicated else "")
        return names.hashed(config.cluster, plain) if path.regex else self._named(plain)

    def _string_group(self, site: VirtualHost, path: Path) -> model.Wanted:
        """It has no field created_by, and so a marker of that name."""
        config = self.maker.config
        name = names.string_group(config.user, f"{site.host}{path.path}")
        body = {"type": "SG_TYPE_STRING", "kv": [{"key": path.path}], "longest_match": True}
        own_marks = marks(site, path) | {"created_by": [config.user]}
        return self.maker.make("stringgroup", site.tenant, name, body, **own_marks)

    def switching(self, site: VirtualHost) -> model.Wanted:
        """The policy set that sends paths to their pool groups."""
        name = self.policy_name(site)
        rules = []
        for index, path in enumerate(site.paths):
            group = model.reference("poolgroup", self._group_name(site, path))
            action = {"action": "HTTP_SWITCHING_SELECT_POOLGROUP", "pool_group_ref": group}
            rule = {
                "index": index,
                "name": f"{name}-{index}",
                "match": {"path": self._match(site, path)},
                "switching_action": action,
            }
            rules.append(rule)
        body = {"http_request_policy": {"rules": rules}}
        return self.maker.make("httppolicyset", site.tenant, name, body, **marks(site))

    def _match(self, site: VirtualHost, path: Path) -> Object:
        if path.regex:
            name = names.string_group(self.maker.config.user, f"{site.host}{path.path}")
            groups = [model.reference("stringgroup", name)]
            return {"match_criteria": "REGEX_MATCH", "string_group_refs": groups}
        criteria = "EQUALS" if path.exact else "BEGINS_WITH"
        return {"match_criteria": criteria, "match_str": [path.path]}


def marks(site: VirtualHost, path: Path | None = None) -> dict[str, list[str]]:
    """The markers of what belongs to a host, or to one of its paths."""
    paths = site.paths if path is None else (path,)
    return {
        "Namespace": [each.namespace for each in paths],
        "IngressName": [each.ingress for each in paths],
        "Host": [site.host],
        "Path": [each.path for each in paths],
    }


def host_marks(site: VirtualHost) -> dict[str, list[str]]:
    """The markers of a host's virtual service."""
    return {"Namespace": [site.namespace], "Host": [site.host]}


def redirect(maker: Maker, tenant: str, name: str, hosts: list[str]) -> model.Wanted:
    """The policy set that sends these hosts from HTTP to HTTPS."""
    rule = {
        "index": 0,
        "name": f"{name}-0",
        "match": {
            "host_hdr": {"match_criteria": "HDR_EQUALS", "value": hosts},
            "vs_port": {"match_criteria": "IS_IN", "ports": [80]},
        },
        "redirect_action": {"protocol": "HTTPS", "port": 443},
    }
    body = {"http_request_policy": {"rules": [rule]}}
    return maker.make("httppolicyset", tenant, name, body, Host=hosts)


def policies(*names_: str) -> list[Object]:
    """Policy sets of a virtual service; AKO leaves the first places to others."""
    return [
        {"index": 11 + n, "http_policy_set_ref": model.reference("httppolicyset", name)}
        for n, name in enumerate(names_)
    ]


def member(pool: str) -> Object:
    """A pool as member of a group."""
    return {"pool_ref": model.reference("pool", pool), "ratio": 100}
