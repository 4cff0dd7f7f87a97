"""Draw docs/images/life.svg from a recorded life. Run it with `python -m hack.pictures`."""

from __future__ import annotations

import json
import pathlib

from akoo_core.cli.ui import histories, render

ROOT = pathlib.Path(__file__).resolve().parent.parent
TRACES = ROOT / "tests" / "unit" / "cli" / "ui" / "traces.json"
LIFE = ROOT / "docs" / "images" / "life.svg"


def life() -> str:
    """The text of the picture."""
    history = histories.history(json.loads(TRACES.read_text()), "")
    text = render.page(
        "picture.svg", picture=history.picture, link=lambda _: "", style=render.style()
    )
    return text.strip() + "\n"


if __name__ == "__main__":
    LIFE.write_text(life())
