"""Reads kubeconfigs, and merges several, as kubectl does.

For each entry and for ``current-context``, the first file that has it wins. Missing files of a list
are skipped. Paths in a file are relative to that file.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from akoo_core import errors
from akoo_core.kube.access import kubefile

NONE_FOUND = (
    "no kubeconfig: give --kubeconfig FILE, or set KUBECONFIG or AKOO_KUBECONFIG. There is no "
    "~/.kube/config, and this is not a Pod (KUBERNETES_SERVICE_HOST is not set)"
)

_LISTS = ("clusters", "users", "contexts")
_FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


class KubeconfigChoice(NamedTuple):
    """The chosen management cluster. ``kubeconfig`` None: the cluster of our Pod's account."""

    kubeconfig: str | None = None
    """A file, or several as KUBECONFIG lists them."""
    context: str = ""
    """Of the kubeconfig; "" for its current-context."""


class Part(NamedTuple):
    """One file as it was read."""

    path: pathlib.Path
    document: dict[str, Any]


def paths(kubeconfig: str) -> tuple[pathlib.Path, ...]:
    """The files that ``kubeconfig`` names, ``~`` expanded, each once."""
    whole = pathlib.Path(kubeconfig).expanduser()
    if os.pathsep not in kubeconfig or whole.exists():
        return (whole,)
    names = dict.fromkeys(name for name in kubeconfig.split(os.pathsep) if name)
    return tuple(pathlib.Path(name).expanduser() for name in names)


def read(files: Sequence[pathlib.Path]) -> tuple[Part, ...]:
    """Read the files that exist; blocks. Raises InputError that names the file."""
    parts = []
    for path in files:
        try:
            parts.append(Part(path, kubefile.document(path.read_bytes())))
        except FileNotFoundError as error:
            if len(files) == 1:
                raise errors.InputError(f"kubeconfig {path}: {error.strerror}") from error
        except OSError as error:
            raise errors.InputError(f"kubeconfig {path}: {error.strerror}") from error
        except errors.InputError as error:
            raise errors.InputError(f"kubeconfig {path}: {error}") from error
    if not parts:
        raise errors.InputError(f"kubeconfig {listed(files)}: none of these files is there")
    return tuple(parts)


def listed(files: Sequence[pathlib.Path]) -> str:
    """The files as KUBECONFIG names them, for messages."""
    return os.pathsep.join(map(str, files))


def merged(parts: Sequence[Part]) -> dict[str, Any]:
    """One document from all files, with absolute paths. Pure."""
    document: dict[str, Any] = {"apiVersion": "v1", "kind": "Config"}
    for plural in _LISTS:
        entries: dict[Any, Any] = {}
        for part in parts:
            for entry in part.document.get(plural) or ():
                if isinstance(entry, dict):
                    entries.setdefault(entry.get("name"), _absolute(entry, plural, part.path))
        document[plural] = list(entries.values())
    contexts = (part.document.get("current-context") for part in parts)
    document["current-context"] = next(filter(None, contexts), "")
    return document


def folder_of(parts: Sequence[Part], user: Any) -> pathlib.Path:
    """The folder of the file with the entry of ``user``, in which its program starts."""
    for part in parts:
        entries = part.document.get("users") or ()
        if any(isinstance(entry, dict) and entry.get("name") == user for entry in entries):
            return part.path.parent
    return parts[0].path.parent


def _absolute(entry: dict[str, Any], plural: str, path: pathlib.Path) -> dict[str, Any]:
    singular = plural.removesuffix("s")
    fields = entry.get(singular)
    if not isinstance(fields, dict):
        return entry
    fields = dict(fields)
    for name in _FILES:
        if fields.get(name):
            fields[name] = str(path.parent / str(fields[name]))
    program = fields.get("exec")
    if isinstance(program, dict) and os.sep in str(program.get("command") or ""):
        fields["exec"] = {**program, "command": str(path.parent / str(program["command"]))}
    return {**entry, singular: fields}
