"""The table of releases: the built-in ones, and those of the settings; pure."""

from __future__ import annotations

import difflib

from akoo_ako import versions
from akoo_ako.refusals import refusal
from akoo_ako.releases.release import Release
from akoo_core.plugin import structs


class Table(structs.Struct, frozen=True, kw_only=True):
    """All releases that this operator knows, oldest first."""

    releases: tuple[Release, ...]

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions, oldest first."""
        return tuple(release.version for release in self.releases)

    def find(self, version: str) -> Release | None:
        """The release of that version, or None."""
        return next((release for release in self.releases if release.version == version), None)

    def release(self, version: str, path: str) -> Release:
        """The release of that version. Refuses others, with ``path`` and the known ones."""
        release = self.find(version)
        if release is None:
            raise refusal.Refusal("AkoVersionUnsupported", f"{path}: {self.unknown(version)}")
        return release

    def unknown(self, version: str) -> str:
        """The message about a version that no row describes."""
        near = difflib.get_close_matches(version, self.versions, n=1, cutoff=0.7)
        hint = f' Did you mean "{near[0]}"?' if near else ""
        return (
            f"AKO {version} is not supported. Supported: {', '.join(self.versions)}.{hint} Another "
            "release needs a row in plugins.ako.releases of the operator's settings."
        )


def order(release: Release) -> tuple[tuple[int, ...], str]:
    """The key by which releases are sorted."""
    return versions.numbers(release.version), release.version
