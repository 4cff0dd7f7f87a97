"""The time of the first build, said before it begins."""

import pytest
from akoo_testbed.building import buildtime, recipes

STORY = ("etcd", "kube-apiserver", "kube-controller-manager", "cluster-api")


def test_every_binary_of_test_beds_was_measured() -> None:
    binaries = {name for part in recipes.DEFAULT for name, _ in recipes.RECIPES[part].packages}
    assert binaries <= buildtime.CPU_SECONDS.keys()


@pytest.mark.parametrize(
    ("binaries", "cores", "text"),
    [
        (STORY, 2, "about 8 min on 2 cores"),
        (STORY, 1, "about 15 min on 1 core"),
        (STORY, 8, "about 2 min on 8 cores"),
        (["etcd"], 2, "about a minute on 2 cores"),
        (["vcsim"], 2, "about half a minute on 2 cores"),
        (["etcd", "not-measured"], 2, ""),
    ],
)
def test_it_depends_on_the_cores(binaries: list[str], cores: int, text: str) -> None:
    assert buildtime.about(binaries, cores) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3725, "62 min 5 s")]
)
def test_seconds_in_words(seconds: float, text: str) -> None:
    assert buildtime.text(seconds) == text
