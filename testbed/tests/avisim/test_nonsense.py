"""Whatever a client sends, the controller answers: no request makes it raise."""

import copy
import functools
import json
import random
import typing

from akoo_testbed.avisim import Controller, client, kinds, values
from akoo_testbed.avisim.objects import schema
from hypothesis import given, settings
from hypothesis import strategies as st

SCHEMA = schema.Schema(kinds.TABLES)
PATHS = [*SCHEMA.kinds, "networkruntime", "network-inventory", "macro", "useraccount"]
PATHS += ["user-token", "cluster/runtime", "initial-data", "nonsense", ""]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 300),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "a", "10.0.0.1", "/api/pool?name=a", "/api/cloud?x", "V4", "<sensitive>"]),
    st.text(max_size=5),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


def of_field(field: schema.Field, depth: int) -> st.SearchStrategy[typing.Any]:
    """A value for a field."""
    if field.form is schema.Form.MESSAGE:
        right = of_message(SCHEMA.messages[field.message], depth - 1)
    elif field.form is schema.Form.WORD:
        right = st.sampled_from(sorted(field.words))
    elif field.form is schema.Form.REFERENCE:
        names = ("a", "a", "global", "Default-Cloud", "admin", "")
        right = st.sampled_from([f"/api/{field.target}?name={name}" for name in names])
    elif field.form is schema.Form.BOOLEAN:
        right = st.booleans()
    elif field.form is schema.Form.INTEGER:
        right = st.sampled_from([0, 1, 24, 300])
    elif field.name == "addr":
        right = st.sampled_from(["10.0.0.0", "10.0.0.1", "10.0.0.9", "fd00::1", "a"])
    else:
        right = st.sampled_from(["a", "b", "Long-enough-1"])
    return st.lists(right, max_size=2) if field.repeated else right


@functools.cache
def of_message(message: schema.Message, depth: int) -> st.SearchStrategy[typing.Any]:
    """Objects with the required fields of a message and a few others."""
    fields = [f for f in message.fields.values() if f.form is not schema.Form.ANY]
    required = {f.name: of_field(f, depth) for f in fields if f.required}
    if depth <= 0:
        return st.fixed_dictionaries(required)
    more = [f for f in fields if not f.required and f.form is not schema.Form.SECRET]
    some = st.lists(st.sampled_from(more), max_size=4, unique=True) if more else st.just([])
    return some.flatmap(
        lambda chosen: st.fixed_dictionaries(
            required | {f.name: of_field(f, depth) for f in chosen}
        )
    )


@st.composite
def spoilt(draw: st.DrawFn, value: typing.Any) -> typing.Any:
    """The value with one part, deep down or not, replaced by anything."""
    keys = (
        list(value)
        if isinstance(value, dict)
        else range(len(value) if isinstance(value, list) else 0)
    )
    if not keys or draw(st.integers(0, 3)) == 0:
        return draw(JSON)
    key = draw(st.sampled_from(list(keys)))
    changed = copy.copy(value)
    changed[key] = draw(spoilt(value[key]))
    return changed


TOUCHY = ["vsvip", "network", "ipamdnsproviderprofile", "cloud", "user", "tenant", "role", "pool"]
TOUCHY += ["sslkeyandcertificate", "virtualservice", "useraccountprofile", "systemconfiguration"]


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, typing.Any]:
    path = draw(st.sampled_from(PATHS) | st.sampled_from(TOUCHY))
    method = draw(st.sampled_from(["GET", "POST", "POST", "POST", "PUT", "PATCH", "DELETE"]))
    kind = SCHEMA.kinds.get(path)
    body = draw(of_message(kind, 3)) if kind else draw(JSON)
    if method == "PATCH":
        body = {draw(st.sampled_from(["add", "replace", "delete"])): body}
    if draw(st.booleans()):
        body = draw(spoilt(body))
    if path == "user" and isinstance(body, dict):
        body.setdefault("password", "Long-enough-1")
    uuid = draw(st.sampled_from(["", "/{}", "/{}", "/x", "/runtime"])) if method != "POST" else ""
    return method, path + uuid, body


def prepare(admin: client.Client) -> None:
    """Something of most kinds to refer to, with addresses to give."""
    ip = {"addr": "10.0.0.1", "type": "V4"}
    prefix = {"ip_addr": {"addr": "10.0.0.0", "type": "V4"}, "mask": 24}
    subnet = {"prefix": prefix, "static_ip_ranges": [{"range": {"begin": ip, "end": ip}}]}
    admin.post("network", {"name": "a", "configured_subnets": [subnet]})
    internal = {"usable_networks": [{"nw_ref": "/api/network?name=a"}]}
    body = {"name": "a", "type": "IPAMDNS_TYPE_INTERNAL", "internal_profile": internal}
    profile = admin.post("ipamdnsproviderprofile", body)["uuid"]
    cloud = admin.get("cloud?name=Default-Cloud")["results"][0]["uuid"]
    admin.patch(f"cloud/{cloud}", {"add": {"ipam_provider_ref": profile}})
    for kind in ("pool", "vsvip", "tenant", "role", "vrfcontext", "serviceenginegroup"):
        admin.post(kind, {"name": "a"})


@given(st.lists(requests(), min_size=1, max_size=8), st.booleans(), st.booleans())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_objects(asked: list[tuple[str, str, typing.Any]], strict: bool, lenient: bool) -> None:
    chosen = {"range-check": "accept", "bad-certificate": "accept"} if lenient else {}
    controller = Controller(
        password="Correct-horse-1", rng=random.Random(1), strict=strict, chosen=chosen
    )
    admin = client.Client(controller, password="Correct-horse-1")
    prepare(admin)
    for method, target, body in asked:
        there = list(controller.state.objects.of_kind(target.partition("/")[0]))
        stored = there[-1] if there else None
        response = admin.call(method, target.format(stored.uuid if stored else "y"), body)
        assert 200 <= response.status < 500 or b"Import error" in response.body
    for path in ("networkruntime", "network-inventory", "vsvip", "virtualservice-inventory"):
        # The administrator may just have made himself somebody else.
        assert admin.call("GET", path).status in (200, 401, 403)


KEYS = ["name", "name.contains", "search", "isearch", "referred_by", "refers_to", "depth", "sort"]
KEYS += ["page", "page_size", "fields", "label_key", "exclude", "limit_by", "vip.ip_address.addr"]
KEYS += ["cloud_ref.name", "uuid.in", "skip_default", "", ".", "analytics_policy.a", "vip..x"]
TEXTS = st.sampled_from(
    ["", "a", "(", "(a,b)", "(name,)|(", "any:none", "a:b,c", "-name", "0", "9"]
)


@given(
    st.sampled_from(PATHS),
    st.lists(st.tuples(st.sampled_from(KEYS), TEXTS | st.text(max_size=4)), max_size=4),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_queries(path: str, pairs: list[tuple[str, str]]) -> None:
    admin = ADMIN
    query = "&".join(f"{key}={text}" for key, text in pairs)
    assert admin.call("GET", f"{path}?{query}").status in (200, 400, 404, 405)


ADMIN = client.Client(Controller(password="Correct-horse-1"), password="Correct-horse-1")
HEADERS = ["cookie", "authorization", "x-avi-version", "x-avi-tenant", "content-type", "slug"]


@given(
    st.sampled_from(["GET", "POST", "PUT", "WHAT"]),
    st.sampled_from(
        ["/login", "/logout", "/api/pool", "/avisim", "/avisim/faults", "/", "//", "/%"]
    ),
    st.dictionaries(st.sampled_from(HEADERS), st.text(max_size=9) | st.just("Basic OTk6OTk=")),
    st.binary(max_size=9) | JSON.map(lambda value: json.dumps(value).encode()),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_strangers(method: str, target: str, headers: dict[str, str], body: bytes) -> None:
    request = values.Request(method=method, target=target, headers=headers, body=body)
    assert 400 <= ADMIN.controller.handle(request).status < 500
