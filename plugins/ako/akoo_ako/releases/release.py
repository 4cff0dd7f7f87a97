"""One release of AKO, as everything that renders or judges it reads it; pure."""

from __future__ import annotations

from typing import Literal

from akoo_ako import versions
from akoo_ako.releases import keys
from akoo_ako.releases.keys import Key
from akoo_core.plugin import structs

Minor = tuple[int, int]
Schemas = Literal["1.12", "1.13", "2.1"]
"""The first release with these definitions of AKO's kinds."""


class Range(structs.StrictStruct, frozen=True, kw_only=True):
    """Versions from ``min`` to ``max``, both included."""

    min: str
    max: str

    def __str__(self) -> str:
        """``1.29 to 1.34``."""
        return f"{self.min} to {self.max}"


class Image(structs.StrictStruct, frozen=True, kw_only=True):
    """The source of one image. Empty: as in the operator's settings, with the release as tag."""

    repository: str = ""
    tag: str = ""
    digest: str = ""
    """``sha256:...``; the tag is then only what people read."""


class Images(structs.StrictStruct, frozen=True, kw_only=True):
    """The images of a release."""

    ako: Image = Image()
    gateway: Image = Image()


class Rule(structs.StrictStruct, frozen=True, kw_only=True):
    """One rule of AKO's ClusterRole, as Kubernetes writes it."""

    api_groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    resource_names: tuple[str, ...] = ()


class Release(structs.Struct, frozen=True, kw_only=True):
    """One release of AKO. ``Table.release`` gives it by its version."""

    version: str
    base: str
    """The built-in release that it descends from; of a built-in release its own version."""
    kubernetes: Range
    """Minor versions that it starts on: AKO ends its process outside of them."""
    avi: Range
    """Versions of the Avi Controller. Below the first, AKO ends its process."""
    keys: tuple[Key, ...]
    """Keys of its ConfigMap, in the order of the variables in the containers."""
    rules: tuple[Rule, ...] = ()
    """Rules of the ClusterRole beyond those of AKO 1.12.3."""
    images: Images = Images()
    schemas: Schemas
    external: bool = False
    """The definitions of AKO's kinds are not rendered: they must be in the cluster already."""
    built_in: bool = True
    """False: a row of the settings describes it, and nobody here has verified it."""

    def has(self, key: str) -> bool:
        """The ConfigMap has that key."""
        return self.key(key) is not None

    def key(self, name: str) -> Key | None:
        """The key of that name, or None where this release lacks it."""
        return next((key for key in self.keys if key.name == name), None)

    @property
    def own_keys(self) -> tuple[Key, ...]:
        """The keys that no built-in release has."""
        return tuple(key for key in self.keys if key.name not in keys.BY_NAME)

    def starts_on(self, minor: Minor) -> bool:
        """It starts on Kubernetes of that minor version."""
        low, high = (versions.numbers(text) for text in (self.kubernetes.min, self.kubernetes.max))
        return low <= minor <= high

    def works_with(self, controller: str) -> bool:
        """The version of the Avi Controller is in its range. Patches of the last minor version are
        newer than AKO may know of, and in the range, too."""
        newest = ".".join(str(part) for part in versions.numbers(controller)[:2])
        return versions.at_least(controller, self.avi.min) and versions.at_least(
            self.avi.max, newest
        )
