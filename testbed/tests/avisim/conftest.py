"""The pure controller and its administrator, and the real avisdk against the server."""

import random
import typing
import warnings
from collections.abc import Callable, Iterator

import pytest
from akoo_testbed.avisim import Controller, client
from akoo_testbed.avisim import pytest as plugin

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # avisdk 32.1.4 has docstrings with invalid escapes
    from avi.sdk import avi_api

PASSWORD = "Correct-horse-1"
PROFILES = ["22.1.3", "30.2.2", "32.1.4"]


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(clock: Clock) -> Callable[..., client.Client]:
    """Makes a controller with these options, and its administrator."""

    def build(**options: typing.Any) -> client.Client:
        controller = Controller(password=PASSWORD, clock=clock, rng=random.Random(7), **options)
        return client.Client(controller, password=PASSWORD)

    return build


@pytest.fixture
def admin(make: Callable[..., client.Client]) -> client.Client:
    """The administrator of a new controller."""
    return make()


@pytest.fixture(params=PROFILES)
def avisim_options(request: pytest.FixtureRequest, clock: Clock) -> plugin.AviOptions:
    return plugin.AviOptions(profile=request.param, password=PASSWORD, clock=clock, seed=7)


@pytest.fixture
def sdk(avisim: plugin.RunningAvi) -> Iterator[Callable[..., typing.Any]]:
    """Makes sessions of the unmodified avisdk with the server."""
    sessions: list[typing.Any] = []

    def session(**options: typing.Any) -> typing.Any:
        arguments = {"username": "admin", "password": PASSWORD, "verify": str(avisim.ca_file)}
        arguments["api_version"] = avisim.options.profile
        made = avi_api.ApiSession(
            "127.0.0.1",
            port=avisim.server.port,
            **{**arguments, **options},
        )
        made.trust_env = False
        sessions.append(made)
        return made

    yield session
    for each in sessions:
        each.close()
    avi_api.sessionDict.clear()
