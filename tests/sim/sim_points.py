"""The points of all enumerations: how many there are, and every single one of a story played."""

from __future__ import annotations

import sys
import time

from tests.sim import sim_ako, sim_avi_stories, sim_crashes, sim_fleet, sim_network, sim_stories
from tests.sim.sim_crashes import Story
from tests.sim.sim_fleet import Cast

PLAYS: tuple[tuple[Cast, Story], ...] = (
    *((sim_fleet.SMALL, story) for story in sim_stories.ALL),
    *((sim_ako.REAL, story) for story in sim_stories.ALL),
    *((sim_avi_stories.CAST, story) for story in sim_avi_stories.ALL),
    *((sim_network.CAST, story) for story in sim_network.ALL),
)
SHOWN_EVERY = 100


def tell() -> int:
    """Points of each story, and at how many of them a process that dies leaves something else."""
    totals = [0, 0]
    sys.stdout.write(f"{'cast':<13}{'story':<15}{'points':>7}{'distinct':>10}{'sites':>7}\n")
    for cast, story in PLAYS:
        whole = sim_crashes.play(story, cast)
        own = set(whole.points[whole.begun :])
        distinct = sum(bool(own.intersection(group)) for group in whole.distinct)
        sites = len({point.site for point in own})
        sys.stdout.write(
            f"{cast.name:<13}{story.__name__:<15}{len(own):>7}{distinct:>10}{sites:>7}\n"
        )
        totals = [totals[0] + len(own), totals[1] + distinct]
    sys.stdout.write(f"{'all':<28}{totals[0]:>7}{totals[1]:>10}\n")
    return 0


def play_all(name: str, first: int = 1, last: int = sys.maxsize) -> int:
    """Crash at every point of the stories of that name, or at those from ``first`` to ``last``; 1
    when one of them ends otherwise, 2 when there is none."""
    plays = [(cast, story) for cast, story in PLAYS if story.__name__ == name]
    if not plays:
        known = ", ".join(dict.fromkeys(story.__name__ for _, story in PLAYS))
        sys.stderr.write(f'no story "{name}"; there are: {known}\n')
        return 2
    failed = 0
    for cast, story in plays:
        started = time.process_time()
        whole = sim_crashes.play(story, cast)
        own = whole.points[whole.begun :]
        for number, point in enumerate(own, 1):
            if not first <= number <= last:
                continue
            wrong = sim_crashes.wrong_after(story, cast, point, whole)
            failed += bool(wrong)
            sys.stdout.write("".join(f"{line}\n" for line in wrong))
            if number % SHOWN_EVERY == 0 or number == min(len(own), last):
                seconds = time.process_time() - started
                sys.stdout.write(f"{cast.name}: {number} of {len(own)}, {seconds:.0f} s\n")
                sys.stdout.flush()
    return int(failed > 0)
