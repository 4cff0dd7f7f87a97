"""The operator's settings for this plugin (``plugins.tenancy`` in its settings file)."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal
from urllib import parse

from akoo_core.plugin import structs
from akoo_core.plugin.errors import InputError, UnchosenError

LoginMethod = Literal["Kubernetes", "JWT", "AppRole", "TokenFile"]
StoreKind = Literal["Vault", "Secret"]
Rotations = Annotated[int, structs.Meta(ge=1, le=1000)]

_PATH: Final = re.compile(r"(?a:\w([-\w.]*\w)?(/\w([-\w.]*\w)?)*)")
_CHOICES: Final = (
    "plugins.tenancy.store is missing: the place of the passwords has no default. Choose Vault "
    "(a Vault or OpenBao server, with plugins.tenancy.vault.address and .login) or Secret (Secrets "
    "in the operator's namespace; weaker: whoever may read these Secrets has every account)."
)
_LOGINS: Final = (
    "plugins.tenancy.vault.login.method is missing. Choose Kubernetes (the operator's "
    "ServiceAccount, checked by the API server), JWT (that token, checked by its key), AppRole, "
    "or TokenFile."
)
_NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "Kubernetes": ("role", "jwtFile"),
    "JWT": ("role", "jwtFile"),
    "AppRole": ("roleId", "secretIdFile"),
    "TokenFile": ("tokenFile",),
}
_MOUNTS: Final[dict[str, str]] = {"Kubernetes": "kubernetes", "JWT": "jwt", "AppRole": "approle"}


class Login(structs.StrictStruct, frozen=True, kw_only=True):
    """The way to a token. Files are read anew for each login."""

    method: LoginMethod | None = None
    """Kubernetes and JWT: with the ServiceAccount's token. AppRole: outside of Kubernetes.
    TokenFile: a token that something else writes and renews, such as an agent."""
    mount: str = ""
    """Path of the auth mount. Empty: ``kubernetes``, ``jwt`` or ``approle``."""
    role: str = ""
    """Kubernetes, JWT: name of the role."""
    jwt_file: str = "/var/run/secrets/akoo-core/vault/token"
    """Kubernetes, JWT: file of the projected token, whose audience the role requires."""
    role_id: str = ""
    """AppRole: the role id, which is no secret."""
    secret_id_file: str = ""
    """AppRole: file of the secret id."""
    token_file: str = ""
    """TokenFile: file of the token."""

    @property
    def path(self) -> str:
        """The auth mount."""
        return self.mount or _MOUNTS.get(self.method or "", "")

    def problem(self) -> str:
        """The field that is missing or wrong, in a sentence; "" for none."""
        if self.method is None:
            return _LOGINS
        where = "plugins.tenancy.vault.login"
        plain = structs.to_object(self)
        for field in _NEEDS[self.method]:
            if not plain.get(field):
                return f"{where}.{field} is missing: method {self.method} needs it."
        if self.mount and not _PATH.fullmatch(self.mount):
            return f'{where}.mount "{self.mount}" is no path of an auth mount, such as kubernetes.'
        return ""


class Vault(structs.StrictStruct, frozen=True, kw_only=True):
    """A Vault or OpenBao server, and the KV version 2 mount in it."""

    address: str = ""
    """``https://host:port``. Name the active node: standbys may answer reads that are behind."""
    ca_file: str = ""
    """PEM file of the CA of its certificate. Empty: the CAs of the system and of `caBundle`."""
    namespace: str = ""
    """Namespace of the server, where it has namespaces. Empty: none."""
    mount: str = "akoo"
    """Path of the KV version 2 mount."""
    prefix: str = "akoo-core"
    """Folder in the mount. Management clusters may share it: records are named after their
    clusters."""
    login: Login = Login()
    forward_reads: bool = False
    """True: reads name the last write that we saw (``X-Vault-Index``), and a standby that is behind
    forwards them. For servers that are reached through a standby."""

    def problem(self) -> str:
        """The first field that is missing or wrong, in a sentence; "" for none."""
        where = "plugins.tenancy.vault"
        url = parse.urlsplit(self.address)
        if not self.address:
            return f"{where}.address is missing: https://host:port of Vault or OpenBao."
        if url.scheme != "https" or not url.hostname or url.path.strip("/") or url.query:
            return f'{where}.address "{self.address}" is no address: write https://host:port.'
        if url.username or url.password:
            return f"{where}.address holds a user name or a password: remove it."
        for field, value in (("mount", self.mount), ("prefix", self.prefix)):
            if not _PATH.fullmatch(value):
                return f'{where}.{field} "{value}" is no path: use letters, digits, -, _, . and /.'
        if self.namespace and not _PATH.fullmatch(self.namespace.removesuffix("/")):
            return f'{where}.namespace "{self.namespace}" is no namespace, such as team-a.'
        return self.login.problem()


class Settings(structs.StrictStruct, frozen=True, kw_only=True):
    """For all clusters with an account of their own."""

    store: StoreKind | None = None
    """The place of the passwords: ``Vault`` (Vault or OpenBao), or the weaker ``Secret`` (Secrets
    in the operator's namespace). It must be chosen."""
    vault: Vault = Vault()
    rotations_at_once: Rotations = 20
    """Planned rotations under way at the same time, over all clusters."""


def checked(settings: Settings | None) -> Settings:
    """The settings, if store and login are chosen and complete. Raises InputError."""
    chosen = settings or Settings()
    if chosen.store is None:
        raise UnchosenError(_CHOICES)
    problem = chosen.vault.problem() if chosen.store == "Vault" else ""
    if problem:
        raise InputError(problem)
    return chosen
