"""Deletions that take the time they are told."""

import datetime

from akoo_testbed.kubeapi import Object
from akoo_testbed.provider import actions, world
from akoo_testbed.provider.actions import Action
from akoo_testbed.provider.options import DELETE_SECONDS_ANNOTATION
from akoo_testbed.provider.world import World


def delete_seconds(obj: Object, default: float) -> float:
    """The duration of the object's deletion: by its annotation, else `default`."""
    text = obj["metadata"].get("annotations", {}).get(DELETE_SECONDS_ANNOTATION)
    try:
        return float(text) if text is not None else default
    except ValueError:
        return default


def after_delay(obj: Object, seen: World, default: float, then: list[Action]) -> list[Action]:
    """`then`, once the time is over that the deletion takes.

    The begin is kept in `status.deletion.startedAt`, so that a provider that starts anew goes on.
    """
    seconds = delete_seconds(obj, default)
    kind, name = obj["kind"], obj["metadata"]["name"]
    started = world.at(obj, "status", "deletion", "startedAt")
    if started is None and seconds > 0:
        note = actions.Note(f"{kind} {name}: deletion begins, takes {seconds} s")
        begin = {"deletion": {"startedAt": seen.now.isoformat()}}
        return [note, *actions.set_fields(obj, "status", begin)]
    if started is not None:
        passed = (seen.now - datetime.datetime.fromisoformat(started)).total_seconds()
        if passed < seconds:
            return [actions.Again(seconds - passed)]
    return [*then, actions.Note(f"{kind} {name}: gone")]
