"""POST /api/macro: several objects are made, or none."""

import typing

from akoo_testbed.avisim import values
from akoo_testbed.avisim.requests import context, problems, write


def macro(ctx: context.Context, body: typing.Any) -> values.Response:
    """`{"model_name": Kind, "data": {...}}`, or a list of such, made in that order."""
    parts = body if isinstance(body, list) else [body]
    before = ctx.state.objects.everything()
    try:
        made = [_create(ctx, part) for part in parts]
    except problems.RefusedError:
        ctx.state.objects.replace_all(before)
        raise
    return values.answer(made if isinstance(body, list) else made[0], 201)


def _create(ctx: context.Context, part: typing.Any) -> dict[str, typing.Any]:
    if not isinstance(part, dict) or not isinstance(part.get("data"), dict):
        raise problems.bad_request("a macro has model_name and data")
    kind = ctx.state.kinds.models.get(str(part.get("model_name")))
    if kind is None or kind.singleton or kind.readonly or ctx.state.kind(kind.path) is None:
        raise problems.bad_request(f"no model {part.get('model_name')}")
    stored = write.create(ctx, kind, part["data"])
    return ctx.show(kind, stored, include_name=True, url_name=True)
