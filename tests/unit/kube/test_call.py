"""The body of a request, by its media type."""

from __future__ import annotations

import pytest
import yaml

from akoo_core import structs
from akoo_core.kube import call, resource
from akoo_core.kube.request import APPLY_PATCH, JSON, MERGE_PATCH, Payload, ServerRequest

TEXT = "a \x85 b\u2028c \x7f\U0001f600"
"""Letters that YAML has only as escapes, and one that it has only without."""


def body(content_type: str) -> bytes:
    request = ServerRequest("patch", resource.SECRETS, "ns", "name")
    return (
        call.HttpCall.of(request, Payload(body={"k": TEXT}, content_type=content_type)).body or b""
    )


def test_an_apply_patch_is_read_as_yaml() -> None:
    assert yaml.safe_load(body(APPLY_PATCH)) == {"k": TEXT}


@pytest.mark.parametrize("content_type", [JSON, MERGE_PATCH])
def test_other_bodies_are_json(content_type: str) -> None:
    assert structs.decode_json(body(content_type)) == {"k": TEXT}
