"""The archive of a chart: named by a config, read from one folder, known by its digest."""

from __future__ import annotations

import hashlib
import pathlib
import re
from typing import Final

from akoo_ako.refusals.refusal import Refusal
from akoo_core.plugin import structs

PATH: Final = "spec.plugins.ako.chart"
LARGEST: Final = 4 * 1024 * 1024
"""Bytes of an archive. The vendor's has less than a tenth of that."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Chart(structs.StrictStruct, frozen=True, kw_only=True):
    """An archive that is mounted into the operator (``plugins.ako.chartFolder``)."""

    path: str
    """Its file, below the folder."""
    digest: str
    """``sha256:...`` of the file."""


def check(chart: Chart) -> None:
    """Pure. Raises Refusal for a path that is none within a folder, and for no digest."""
    parts = chart.path.split("/")
    if (
        not chart.path
        or chart.path.startswith("/")
        or any(part in ("", ".", "..") for part in parts)
    ):
        raise Refusal(
            "ChartPathRefused",
            f"{PATH}.path: {chart.path!r} is no path within the folder of charts, such as "
            "ako-2.1.1.tgz.",
        )
    if not _DIGEST.fullmatch(chart.digest):
        raise Refusal(
            "ConfigInvalid", f"{PATH}.digest: {chart.digest!r} is no digest such as sha256:... ."
        )


def read(chart: Chart, folder: str) -> bytes:
    """The archive. Raises Refusal for one that is outside of the folder, too big, or another."""
    check(chart)
    if not folder:
        raise Refusal(
            "ChartFolderMissing",
            f"{PATH}: the operator has no folder of charts. Mount one, and name it in "
            "plugins.ako.chartFolder of the operator's settings.",
        )
    root = pathlib.Path(folder).resolve()
    file = (root / chart.path).resolve()
    # Kubernetes mounts ConfigMaps and Secrets as links, which stay within the mount.
    if not file.is_relative_to(root):
        raise Refusal(
            "ChartPathRefused",
            f"{PATH}.path: {chart.path} leads out of the folder of charts {folder}.",
        )
    content = _content(file, chart, folder)
    if len(content) > LARGEST:
        raise Refusal(
            "ChartTooLarge",
            f"{PATH}.path: {chart.path} has more than {LARGEST} bytes. Take the archive of AKO's "
            "chart alone.",
        )
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if digest != chart.digest:
        raise Refusal(
            "ChartDigestMismatch",
            f"{PATH}.digest: {chart.path} has the digest {digest}. If that is the archive you "
            "mean, name this digest.",
        )
    return content


def _content(file: pathlib.Path, chart: Chart, folder: str) -> bytes:
    try:
        if file.is_file():
            with file.open("rb") as stream:
                return stream.read(LARGEST + 1)
    except OSError as error:
        raise Refusal(
            "ChartMissing", f"{PATH}.path: {chart.path} cannot be read: {error.strerror}."
        ) from None
    raise Refusal(
        "ChartMissing", f"{PATH}.path: there is no file {chart.path} in {folder} of the operator."
    )
