"""The kubeconfig of the person or Pod that starts us: parsed, with its certificates read.

Unlike a tenant's kubeconfig it is trusted. Every error is an InputError with the problem and its
place.
"""

from __future__ import annotations

import base64
import pathlib
import ssl
from typing import Any

import yaml

from akoo_core import errors
from akoo_core.kube.access import tls

_TLS_FIELDS = ("certificate-authority", "client-certificate", "client-key")


def document(text: bytes) -> dict[str, Any]:
    try:
        config = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise errors.InputError(f"it is not YAML{where}") from None
    if not isinstance(config, dict):
        raise errors.InputError("it is empty or not a mapping")
    return config


def entry(config: dict[str, Any], plural: str, singular: str, name: Any) -> dict[str, Any]:
    if not name:
        raise errors.InputError(
            f"no {singular} is chosen (current-context is empty): give --context NAME"
            if singular == "context"
            else f"its context names no {singular}"
        )
    for entry in config.get(plural) or ():
        if isinstance(entry, dict) and entry.get("name") == name:
            value = entry.get(singular)
            if isinstance(value, dict):
                return value
    entries = (entry for entry in config.get(plural) or () if isinstance(entry, dict))
    names = [str(entry.get("name")) for entry in entries]
    raise errors.InputError(
        f"{plural} has no entry named {name!r} (there are: {', '.join(names) or 'none'})."
        f"{errors.near(str(name), names)}"
    )


def server(cluster: dict[str, Any]) -> str:
    server = cluster.get("server")
    if not isinstance(server, str) or not server.startswith(("https://", "http://")):
        raise errors.InputError("its cluster has no server (https://host:port)")
    return server.rstrip("/")


def without_tls(config: dict[str, Any]) -> dict[str, Any]:
    hidden = {name for field in _TLS_FIELDS for name in (field, f"{field}-data")}
    stripped = dict(config)
    for plural, singular in (("clusters", "cluster"), ("users", "user")):
        stripped[plural] = [
            {
                **entry,
                singular: {k: v for k, v in (entry.get(singular) or {}).items() if k not in hidden},
            }
            for entry in config.get(plural) or ()
            if isinstance(entry, dict)
        ]
    return stripped


def context(
    folder: pathlib.Path,
    cluster: dict[str, Any],
    user: dict[str, Any],
    exec_certificate: tuple[str, str] | None,
) -> ssl.SSLContext:
    certificate = _material(folder, user, "client-certificate")
    key = _material(folder, user, "client-key")
    if exec_certificate:
        certificate, key = (pathlib.Path(path).read_bytes() for path in exec_certificate)
    try:
        return tls.client_context(
            ca=_material(folder, cluster, "certificate-authority"),
            certificate=certificate,
            key=key,
            insecure=bool(cluster.get("insecure-skip-tls-verify")),
        )
    except (ssl.SSLError, ValueError) as error:
        raise errors.InputError(f"its certificates cannot be used ({error})") from error


def _material(folder: pathlib.Path, fields: dict[str, Any], name: str) -> bytes | None:
    """PEM from ``name``-data or from the file ``name``, which is relative to the kubeconfig."""
    if data := fields.get(f"{name}-data"):
        try:
            return base64.b64decode(str(data), validate=True)
        except ValueError:
            raise errors.InputError(f"{name}-data is not base64") from None
    if not (path := fields.get(name)):
        return None
    try:
        return (folder / str(path)).read_bytes()
    except OSError as error:
        raise errors.InputError(f"{name} {path}: {error.strerror}") from error
