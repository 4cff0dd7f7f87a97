"""The objects of a new controller: tenant and user admin, Default-Cloud, System-* profiles."""

import uuid

from akoo_testbed.avisim.access import auth
from akoo_testbed.avisim.objects import convert, references, schema
from akoo_testbed.avisim.objects import state as states

_SPACE = uuid.UUID("6a9f2d0c-5a3b-4f0e-9d6e-3c1d2b7a8e10")

_PROFILES: tuple[tuple[str, str, schema.Json], ...] = (
    ("analyticsprofile", "System-Analytics-Profile", {}),
    ("applicationprofile", "System-HTTP", {"type": "APPLICATION_PROFILE_TYPE_HTTP"}),
    ("applicationprofile", "System-Secure-HTTP", {"type": "APPLICATION_PROFILE_TYPE_HTTP"}),
    ("applicationprofile", "System-L4-Application", {"type": "APPLICATION_PROFILE_TYPE_L4"}),
    ("applicationprofile", "System-SSL-Application", {"type": "APPLICATION_PROFILE_TYPE_SSL"}),
    ("applicationprofile", "System-DNS", {"type": "APPLICATION_PROFILE_TYPE_DNS"}),
    ("networkprofile", "System-TCP-Proxy", {"profile": {"type": "PROTOCOL_TYPE_TCP_PROXY"}}),
    (
        "networkprofile",
        "System-TCP-Fast-Path",
        {"profile": {"type": "PROTOCOL_TYPE_TCP_FAST_PATH"}},
    ),
    (
        "networkprofile",
        "System-UDP-Fast-Path",
        {"profile": {"type": "PROTOCOL_TYPE_UDP_FAST_PATH"}},
    ),
    ("networkprofile", "System-UDP-Per-Pkt", {"profile": {"type": "PROTOCOL_TYPE_UDP_FAST_PATH"}}),
    ("networkprofile", "System-SCTP-Proxy", {"profile": {"type": "PROTOCOL_TYPE_SCTP_PROXY"}}),
    ("healthmonitor", "System-HTTP", {"type": "HEALTH_MONITOR_HTTP"}),
    ("healthmonitor", "System-HTTPS", {"type": "HEALTH_MONITOR_HTTPS"}),
    ("healthmonitor", "System-TCP", {"type": "HEALTH_MONITOR_TCP"}),
    ("healthmonitor", "System-UDP", {"type": "HEALTH_MONITOR_UDP"}),
    ("healthmonitor", "System-SCTP", {"type": "HEALTH_MONITOR_SCTP"}),
    ("healthmonitor", "System-Ping", {"type": "HEALTH_MONITOR_PING"}),
    ("protocolparser", "Default-TLS", {"parser_code": "-- TLS"}),
    ("sslprofile", "System-Standard", {}),
    ("sslprofile", "System-Standard-PFS", {}),
    (
        "applicationpersistenceprofile",
        "System-Persistence-Client-IP",
        {"persistence_type": "PERSISTENCE_TYPE_CLIENT_IP_ADDRESS"},
    ),
    (
        "applicationpersistenceprofile",
        "System-Persistence-Http-Cookie",
        {"persistence_type": "PERSISTENCE_TYPE_HTTP_COOKIE"},
    ),
    (
        "sslkeyandcertificate",
        "System-Default-Cert",
        {"certificate": {"subject": {"common_name": "System Default Cert"}}},
    ),
    ("stringgroup", "System-Compressible-Content-Types", {"type": "SG_TYPE_STRING"}),
    ("pkiprofile", "System-Default-PKI", {}),
)


def plant(state: states.State, username: str, password: str) -> None:
    """Make what a new controller has. Its uuids are the same wherever the identity is."""
    add = _Adder(state)
    add("tenant", "admin", {"description": "Default tenant"}, uuid_="admin")
    add("systemconfiguration", "", {}, uuid_="default")
    add("controller/properties", "", {}, uuid_="global")
    nodes = [
        {
            "name": f"node{n}",
            "ip": {"addr": f"10.0.0.1{n}", "type": "V4"},
            "vm_hostname": f"node{n}",
        }
        for n in (1, 2, 3)
    ]
    add("cluster", "cluster-0-1", {"nodes": nodes})
    add("useraccountprofile", "Default-User-Account-Profile", {})
    unlimited = {"max_login_failure_count": 0, "account_lock_timeout": 0}
    add("useraccountprofile", "No-Lockout-User-Account-Profile", unlimited)
    _roles(add)
    profile = state.objects.named("useraccountprofile", "Default-User-Account-Profile")
    user = {
        "username": username,
        "full_name": "System Administrator",
        "password": auth.hash_password(password, state.accounts.secret(8)),
        "is_superuser": True,
        "default_tenant_ref": references.ADMIN,
        "user_profile_ref": next(profile).uuid,
    }
    add("user", username, user, uuid_="user-1")
    state.accounts.password_set("user-1", state.clock())
    plant_cloud(state, add("cloud", "Default-Cloud", {"vtype": "CLOUD_NONE"}))
    for path, name, data in _PROFILES:
        add(path, name, data)


def plant_cloud(state: states.State, cloud: str) -> None:
    """Make the objects that come with a cloud and go with it: its VRFs and its SE group."""
    add = _Adder(state)
    stored = state.objects.get("cloud", cloud)
    tenant = stored.tenant if stored else references.ADMIN
    for path, name, more in (
        ("vrfcontext", "global", {"system_default": True}),
        ("vrfcontext", "management", {"system_default": True}),
        ("serviceenginegroup", "Default-Group", {}),
    ):
        data = {**more, "cloud_ref": cloud, "tenant_ref": tenant}
        add(path, name, data, seed=f"{path}/{name}/{cloud}", cloud=cloud)


def _roles(add: "_Adder") -> None:
    everything = sorted({k.permission for k in add.state.kinds.kinds.values() if k.permission})
    for name, level in (("System-Admin", "WRITE_ACCESS"), ("Application-Operator", "READ_ACCESS")):
        privileges = [{"resource": f"PERMISSION_{each}", "type": level} for each in everything]
        add("role", name, {"privileges": privileges})
    tenant_admin = [
        {
            "resource": f"PERMISSION_{each}",
            "type": "READ_ACCESS" if each in _PROVIDER else "WRITE_ACCESS",
        }
        for each in everything
    ]
    add("role", "Tenant-Admin", {"privileges": tenant_admin})


_PROVIDER = frozenset({"CLOUD", "CONTROLLER", "SYSTEMCONFIGURATION", "TENANT"})


class _Adder:
    """Adds objects that came with the controller."""

    def __init__(self, state: states.State) -> None:
        self.state = state
        same = not state.identity
        self._space = _SPACE if same else uuid.uuid5(_SPACE, f"identity/{state.identity}")

    def __call__(
        self,
        path: str,
        name: str,
        data: schema.Json,
        *,
        uuid_: str = "",
        seed: str = "",
        cloud: str = "",
    ) -> str:
        kind = self.state.kinds.kinds[path]
        whole = {**convert.defaults(self.state.kinds, kind, self.state.profile.version), **data}
        if name:
            whole["name"] = name
        if kind.tenant:
            whole.setdefault("tenant_ref", references.ADMIN)
        uuid_ = uuid_ or f"{path}-{uuid.uuid5(self._space, seed or f'{path}/{name}')}"
        owner = ("cloud", cloud) if cloud else None
        self.state.add(kind, uuid_, whole, owner=owner, builtin=not cloud)
        return uuid_
