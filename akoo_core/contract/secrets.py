"""Places of secret values. Plugins exchange these, and never the values."""

from __future__ import annotations

from akoo_core import structs


class SecretSource(structs.Struct, frozen=True, kw_only=True):
    """The place of a secret value, instead of the value. Only the deploy executor opens it.

    A Secret in the management cluster (``namespace``, ``name``, ``key``), or, with ``plugin``
    set, a key which that plugin's ``open_secret`` resolves. Such a key names one immutable value:
    another value is another key, and nobody opens the same key twice without a cause.
    """

    key: str
    namespace: str = ""
    name: str = ""
    plugin: str = ""
    optional: bool = False
    """An absent optional source leaves the key out; any other absence is Blocked."""
    single_line: bool = False
    """A user name or a password: a value with a line break is refused (CredentialHasLineBreak)."""
    public: bool = False
    """A user name: its value may be seen in messages and is not masked. A key ``username`` is
    public in any case."""
    of_ancestor: bool = False
    """The account that the Go ancestor made for the Cluster, in its namespace: it is read in any
    namespace, if the Secret has the ancestor's type. Never for a name that a config gives."""


class SecretName(structs.Struct, frozen=True, kw_only=True):
    """A Secret of the management cluster: in configs, in intents, in kinds of plugins.

    Empty texts, which configs may hold, name no Secret.
    """

    namespace: str = ""
    name: str = ""

    @property
    def complete(self) -> bool:
        """True where both texts are there."""
        return bool(self.namespace and self.name)

    @property
    def pair(self) -> SecretPair:
        """The form in which hooks name it."""
        return self.namespace, self.name

    def source(
        self, key: str, *, optional: bool = False, single_line: bool = False
    ) -> SecretSource:
        """One key of it."""
        return SecretSource(
            namespace=self.namespace,
            name=self.name,
            key=key,
            optional=optional,
            single_line=single_line,
        )

    def __str__(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"


SecretPair = tuple[str, str]
"""(namespace, name) of a Secret of the management cluster: what hooks answer."""
