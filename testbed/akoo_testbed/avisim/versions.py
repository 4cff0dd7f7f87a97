"""Controller releases: how versions are written and compared, and which ones are played."""

import dataclasses
import re

Version = tuple[int, int, int]

OLDEST: Version = (16, 4, 2)
"""The version of a request without X-Avi-Version."""

_VERSION = re.compile(r"v?(\d+)[._](\d+)(?:[._](\d+))?")


def parse(text: str) -> Version:
    """`22.1.7`, `22_1_7`, `22.1`; raises ValueError. What follows the third number is ignored."""
    match = _VERSION.match(text.strip())
    if match is None:
        raise ValueError(f'"{text}" is not a version such as 30.2.2')
    return int(match[1]), int(match[2]), int(match[3] or 0)


def dotted(version: Version) -> str:
    """`30.2.2`."""
    return ".".join(map(str, version))


def underscored(version: Version) -> str:
    """`30_2_2`, as the controller writes it in headers and texts."""
    return "_".join(map(str, version))


@dataclasses.dataclass(frozen=True, slots=True)
class Profile:
    """The differences of one release from another, apart from the fields of its kinds."""

    version: Version
    build: int
    date: str
    repeated_parameter: str = "first"
    """The value that counts when a query parameter is there twice: the first or the last."""

    @property
    def name(self) -> str:
        return dotted(self.version)


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(version=(22, 1, 3), build=9096, date="2023-01-12T00:00:00+00:00"),
        Profile(version=(22, 1, 7), build=9093, date="2024-07-12T00:00:00+00:00"),
        Profile(version=(30, 2, 2), build=9046, date="2024-08-30T00:00:00+00:00"),
        Profile(
            version=(31, 2, 2),
            build=9122,
            date="2025-10-14T00:00:00+00:00",
            repeated_parameter="last",
        ),
        Profile(
            version=(32, 1, 4),
            build=9011,
            date="2026-09-30T00:00:00+00:00",
            repeated_parameter="last",
        ),
    )
}
DEFAULT_PROFILE = "30.2.2"


def profile(name: str) -> Profile:
    """The profile of a release such as 30.2.2. Raises ValueError."""
    if name not in PROFILES:
        raise ValueError(f'no profile "{name}"; there are: {", ".join(PROFILES)}')
    return PROFILES[name]
