"""``python -m tests.sim COUNT [FIRST]``: play seeds of moves, and say how many a minute.
``python -m tests.sim crashes [STORY [FIRST LAST]]``: say how many points the crash enumerations
have, or crash at every point of a story, or at some."""

from __future__ import annotations

import logging
import sys
import time

from tests.sim import sim_moves, sim_points


def main() -> int:
    """The exit code: 1 when a seed or a point has failed."""
    logging.disable(logging.CRITICAL)
    if sys.argv[1:2] == ["crashes"]:
        bounds = map(int, sys.argv[3:5])
        return sim_points.play_all(sys.argv[2], *bounds) if sys.argv[2:] else sim_points.tell()
    return _seeds()


def _seeds() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    started, failed, writes = time.process_time(), 0, 0
    for seed in range(first, first + count):
        result = sim_moves.play(seed)
        writes += result.writes
        if result.broken:
            failed += 1
            sys.stdout.write(f"AKOO_SEED={seed}: {'; '.join(result.broken[:3])}\n")
    seconds = time.process_time() - started
    sys.stdout.write(
        f"{count} seeds in {seconds:.1f} s of one core: {count / seconds * 60:.0f} a minute, "
        f"{writes / count:.0f} writes each, {failed} failed\n"
    )
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
