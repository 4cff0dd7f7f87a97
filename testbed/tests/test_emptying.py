"""The writes and deletions that restore a store; with a real server in `test_bed`."""

import hypothesis
from akoo_testbed.workload import emptying
from hypothesis import strategies as st

PREFIX = "/workload-1-1"
LEASE = b"/workload-1-1/leases/kube-system/apiserver-1"
SERVICE = b"/workload-1-1/apiregistration.k8s.io/apiservices/v1."
WHO = b"/workload-1-1/namespaces/kube-system"
NAMES = (
    LEASE,
    SERVICE,
    WHO,
    b"/workload-1-1/apiregistration.k8s.io/apiservices/v1.theirs",
    b"/workload-1-1/namespaces/default",
    b"/workload-1-1/namespaces/kube-system-of-others",
    b"/workload-1-1/leases/kube-system/theirs",
)

stores = st.dictionaries(st.sampled_from(NAMES), st.sampled_from((b"a", b"b")))


@hypothesis.given(before=stores, now=stores)
def test_all_but_its_own_is_as_it_was(before: dict[bytes, bytes], now: dict[bytes, bytes]) -> None:
    new = emptying.Fresh(PREFIX, before, frozenset())
    put, gone = emptying.difference(new, now)
    after = {key: value for key, value in (now | put).items() if key not in gone}
    own = {LEASE, WHO}
    assert after.keys() - own == before.keys() - own
    assert {key: after.get(key) for key in own} == {key: now.get(key) for key in own}
    for key in after.keys() - own:
        kept = b"apiregistration" in key and key in now
        assert after[key] == (now if kept else before)[key]


@hypothesis.given(before=stores)
def test_nothing_is_written_to_an_empty_one(before: dict[bytes, bytes]) -> None:
    assert emptying.difference(emptying.Fresh(PREFIX, before, frozenset()), before) == (
        {},
        frozenset(),
    )
