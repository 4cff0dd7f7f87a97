"""Looking for cycles is settled once for the whole process: so in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

from akoo_core.app import gc_tuning

CODE = """
import gc, json
from akoo_core.app import gc_tuning
gc_tuning.settle()
kept = gc.get_freeze_count()
class Node: ...
one = Node(); one.self = one
del one
print(json.dumps([gc.get_threshold(), kept, gc.collect()]))
"""


def test_what_is_loaded_is_left_alone_and_new_cycles_are_found() -> None:
    command = [sys.executable, "-c", CODE]
    completed = subprocess.run(command, check=True, capture_output=True, text=True)
    threshold, kept, collected = json.loads(completed.stdout)
    assert threshold == [gc_tuning.NEW, gc_tuning.LOOKS, gc_tuning.LOOKS]
    assert kept > 1_000
    assert collected > 0
