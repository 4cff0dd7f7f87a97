from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import errors
from akoo_core.plugin_host.order import Declaration, FactId, order

NETWORK = FactId("Network", 1)
GROUP = FactId("PortGroup", 1)

VSPHERE = Declaration("vsphere", provides=(GROUP,))
AVI = Declaration("avi", provides=(NETWORK,), requires=(GROUP,))
AKO = Declaration("ako", accepts=(NETWORK,))
TENANCY = Declaration("tenancy", after=("avi", "not-selected"))


@pytest.mark.parametrize(
    ("declarations", "wanted"),
    [
        ((), ()),
        ((AKO,), ("ako",)),
        ((AKO, AVI, VSPHERE), ("vsphere", "avi", "ako")),
        ((TENANCY, AKO), ("tenancy", "ako")),
        ((TENANCY, AKO, AVI, VSPHERE), ("vsphere", "avi", "tenancy", "ako")),
    ],
)
def test_order(declarations: tuple[Declaration, ...], wanted: tuple[str, ...]) -> None:
    assert order(declarations) == wanted


@pytest.mark.parametrize(
    ("declarations", "message"),
    [
        ((AKO, AVI), "plugin avi requires the fact PortGroup, which no selected plugin provides "),
        (
            (AVI, VSPHERE, Declaration("other", provides=(NETWORK,))),
            "plugins avi and other both provide the fact Network",
        ),
        (
            (Declaration("ako", accepts=(FactId("Network", 2),)), AVI, VSPHERE),
            "plugin ako accepts the fact Network v2, but plugin avi provides Network v1",
        ),
        (
            (AVI, Declaration("vsphere", provides=(GROUP,), after=("tenancy",)), TENANCY),
            "avi (requires PortGroup of vsphere), vsphere (after tenancy), tenancy (after avi)",
        ),
        (
            (Declaration("self", provides=(GROUP,), requires=(GROUP,)),),
            "self (requires PortGroup of self)",
        ),
    ],
)
def test_what_cannot_be_ordered_names_all_involved(
    declarations: tuple[Declaration, ...], message: str
) -> None:
    with pytest.raises(errors.InputError) as caught:
        order(declarations)
    assert message in str(caught.value)


@st.composite
def acyclic(draw: st.DrawFn) -> list[Declaration]:
    """Plugins that depend on earlier ones only, then shuffled."""
    declared: list[Declaration] = []
    for index in range(draw(st.integers(1, 7))):
        earlier = st.lists(st.sampled_from(declared), unique=True) if declared else st.just([])
        declared.append(
            Declaration(
                f"p{index}",
                provides=(FactId(f"F{index}", 1),),
                requires=tuple(plugin.provides[0] for plugin in draw(earlier)),
                accepts=tuple(plugin.provides[0] for plugin in draw(earlier)),
                after=tuple(plugin.name for plugin in draw(earlier)),
            )
        )
    return draw(st.permutations(declared))


@given(acyclic())
def test_any_permutation_gives_a_valid_order_that_keeps_positions(
    declared: list[Declaration],
) -> None:
    names = order(declared)
    assert sorted(names) == sorted(plugin.name for plugin in declared)
    at = {name: index for index, name in enumerate(names)}
    provider = {plugin.provides[0]: plugin.name for plugin in declared}
    before = {
        plugin.name: {
            *plugin.after,
            *(provider[fact] for fact in (*plugin.requires, *plugin.accepts)),
        }
        for plugin in declared
    }
    for name, earlier in before.items():
        assert all(at[other] < at[name] for other in earlier)
    # Whatever comes right before another and is not needed by it stood before it already,
    # or was itself waited for: the first free one in the order given is taken at each step.
    done: set[str] = set()
    for name in names:
        free = [
            plugin.name
            for plugin in declared
            if plugin.name not in done and before[plugin.name] <= done
        ]
        assert name == free[0]
        done.add(name)
    assert order(declared) == names


@given(st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=2, max_size=4, unique=True))
def test_every_cycle_is_found(ring: list[str]) -> None:
    declared = [
        Declaration(name, after=(ring[(index + 1) % len(ring)],)) for index, name in enumerate(ring)
    ]
    with pytest.raises(errors.InputError) as caught:
        order([*declared, Declaration("free")])
    assert all(f"{name} (after" in str(caught.value) for name in ring)
    assert "free" not in str(caught.value)
