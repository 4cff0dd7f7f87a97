"""The tutorial shows the steps that the sandbox plays."""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Callable

from akoo_avi.testing import chapter

from akoo_core.sandbox import demo, story

Page = Callable[[str], str]


def titles(module: types.ModuleType) -> list[str]:
    """The titles of the steps in a module, read from its source."""
    known = {
        "name": f"{demo.NAMESPACE}/{demo.CLUSTER}",
        "demo": demo,
        "trouble": types.SimpleNamespace(title=story.KILLED),
    }
    steps = []
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "step":
            steps.append(str(eval(ast.unparse(node.args[0]), {}, known)))
    return steps


def test_every_step_is_shown_in_order(page: Page) -> None:
    *steps, last = titles(story)
    steps += [*titles(chapter), last]
    assert len(steps) >= 6
    text = page("tutorial/first-cluster.md")
    places = [text.find(f"  {number}  {title}") for number, title in enumerate(steps, start=1)]
    assert -1 not in places, dict(zip(steps, places, strict=True))
    assert places == sorted(places)
