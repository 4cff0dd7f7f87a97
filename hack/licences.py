"""The licences of uv.lock against those that hack/licences.toml allows: `python -m hack.licences`.

A package that is not installed (a group that .venv lacks, or another system) is compared when
it is. Nothing is asked over the network.
"""

from __future__ import annotations

import pathlib
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from email.message import Message
from importlib import metadata

import msgspec

ROOT = pathlib.Path(__file__).resolve().parent.parent
RULES = ROOT / "hack/licences.toml"


class Rules(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """hack/licences.toml."""

    allowed: frozenset[str]
    names: dict[str, str]
    read: dict[str, str]


def rules() -> Rules:
    """The rules of this project."""
    return msgspec.convert(tomllib.loads(RULES.read_text()), Rules)


def declared(package: metadata.PackageMetadata | Message) -> list[str]:
    """The licences in the metadata of a package, as it writes them; the newest field wins."""
    expression = _first(package, "License-Expression")
    if expression:
        return [word for word in re.split(r"[\s()]+", expression) if word not in {"", "AND", "OR"}]
    classifiers = [
        classifier.rpartition(" :: ")[2]
        for classifier in package.get_all("Classifier") or ()
        if classifier.startswith("License :: ")
    ]
    if classifiers:
        return classifiers
    text = _first(package, "License").partition("\n")[0].strip()
    return [text] if text else []


def _first(package: metadata.PackageMetadata | Message, field: str) -> str:
    return str((package.get_all(field) or [""])[0])


def problem(name: str, licences: Sequence[str], wanted: Rules) -> str:
    """The reason why package ``name`` with these licences is refused, or ""."""
    if name in wanted.read:
        licences = [wanted.read[name]]
    if not licences:
        return f"{name} names no licence: read its LICENSE, and write it under [read]"
    others = [each for each in licences if wanted.names.get(each, each) not in wanted.allowed]
    if others:
        return f"{name} has the licence {', '.join(others)}: allow it, or take another package"
    return ""


def locked() -> set[str]:
    """The names of packages in uv.lock that come from a package index."""
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    return {package["name"] for package in packages if "registry" in package["source"]}


def problems(wanted: Rules, names: set[str]) -> Iterator[str]:
    """Each reason against the packages ``names``, and against rules that nothing needs."""
    for distribution in metadata.distributions():
        name = re.sub(r"[-_.]+", "-", distribution.name).lower()
        if name in names:
            reason = problem(name, declared(distribution.metadata), wanted)
            if reason:
                yield reason
    for name in sorted(wanted.read.keys() - names):
        yield f"{name} is not in uv.lock: remove it from [read]"


def main() -> int:
    """Print each problem; 1 if there is one."""
    reasons = sorted(problems(rules(), locked()))
    for reason in reasons:
        print(f"hack/licences.toml: {reason}", file=sys.stderr)
    return 1 if reasons else 0


if __name__ == "__main__":
    sys.exit(main())
