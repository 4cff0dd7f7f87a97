"""A row: a release of AKO by its differences from another one. The settings hold such rows."""

from __future__ import annotations

from typing import Literal

from akoo_ako.releases.keys import Type
from akoo_ako.releases.release import Images, Range, Rule, Schemas
from akoo_core.plugin import structs

Definitions = Literal["Like", "External"]


class AddedKey(structs.StrictStruct, frozen=True, kw_only=True):
    """One key of ConfigMap avi-k8s-config that the release has and its parent has not."""

    name: str
    """Its name in the ConfigMap."""
    env: str = ""
    """The environment variable of AKO's container. Empty: AKO reads the key from the object."""
    default: str = ""
    """The value where no field of a config gives one."""
    path: str = ""
    """Its path in values.yaml of the chart. Empty: the name of the key."""
    type: Type = "text"
    """Type of its value in the chart."""
    gateway: bool = False
    """The container for the Gateway API has the variable, too."""


class Keys(structs.StrictStruct, frozen=True, kw_only=True):
    """Keys of the ConfigMap that differ from the parent's."""

    add: tuple[AddedKey, ...] = ()
    remove: tuple[str, ...] = ()


class Rules(structs.StrictStruct, frozen=True, kw_only=True):
    """Rules of the ClusterRole beyond the parent's."""

    add: tuple[Rule, ...] = ()


class ReleaseRow(structs.StrictStruct, frozen=True, kw_only=True):
    """One release that is not built in."""

    version: str
    """The release, and the tag of its images unless ``images`` says otherwise."""
    like: str
    """The release that this one is like: a built-in one, or another row."""
    kubernetes: Range
    """Minor versions of Kubernetes that it starts on."""
    avi: Range
    """Versions of the Avi Controller that it works with."""
    keys: Keys = Keys()
    rules: Rules = Rules()
    images: Images = Images()
    definitions: Definitions = "External"
    """External: the definitions of AKO's kinds must be in a cluster before AKO is deployed. Like:
    those of the built-in release that it descends from are applied."""


class BuiltInRow(ReleaseRow, frozen=True, kw_only=True):
    """A built-in release. The first of its line is like no other."""

    like: str = ""
    definitions: Definitions = "Like"
    schemas: Schemas | None = None
    """None: the parent's."""
