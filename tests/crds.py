"""The definitions of the core and of every plugin in this checkout."""

from __future__ import annotations

import pathlib

FOLDER = pathlib.Path(__file__).parents[1] / "deploy" / "crds"
