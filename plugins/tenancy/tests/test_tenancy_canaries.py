"""No password, token, JWT or secret id of a whole life is in any output: logs at debug with their
exceptions, spans, events, conditions, records, metrics; in no encoding."""

from __future__ import annotations

import base64
import json
import logging
import traceback
from collections.abc import Iterator
from urllib import parse

import prometheus_client
import pytest
from akoo_tenancy import passwords
from akoo_tenancy.passwords import Rules
from akoo_tenancy.spec import settings
from akoo_tenancy.store.calls import Route
from akoo_tenancy.testing.store import VAULT, refusal
from akoo_testbed.avisim import faults

from akoo_core import structs
from akoo_core.kube import resource
from akoo_core.plugin import metrics
from akoo_core.testing import memory, recorded, virtual_time
from tests.tenancy.tenancy_fleet import PASSWORD, TenancyFleet

pytestmark = pytest.mark.usefixtures("soon")
MINUTELY = {"every": "3m", "grace": "1m"}
SECRET_ID_FILE = "/etc/secret-id"
SECRET_ID = "canary-of-the-secret-id"
LOGINS = {
    "kubernetes": VAULT.login,
    "approle": settings.Login(method="AppRole", role_id="akoo-core", secret_id_file=SECRET_ID_FILE),
}
SHOWN = (
    resource.AKO_DEPLOYMENTS,
    resource.AKO_DEPLOYMENT_CONFIGS,
    resource.CLUSTERS,
    resource.CONFIG_MAPS,
    resource.CORE_EVENTS,
    resource.EVENTS,
    resource.STATEFUL_SETS,
)


def forms(secret: str) -> set[str]:
    """Plain, base64 of both alphabets, URL and JSON."""
    encoded = secret.encode()
    return {
        secret,
        parse.quote(secret, safe=""),
        parse.quote_plus(secret),
        json.dumps(secret).strip('"'),
        base64.b64encode(encoded).decode().rstrip("="),
        base64.urlsafe_b64encode(encoded).decode().rstrip("="),
    }


def logged(caplog: pytest.LogCaptureFixture) -> Iterator[str]:
    for record in caplog.records:
        yield record.getMessage()
        yield repr({k: v for k, v in vars(record).items() if k not in {"exc_info", "msg", "args"}})
        if record.exc_info and record.exc_info[1] is not None:
            yield "".join(traceback.format_exception(record.exc_info[1]))


def shown(server: memory.MemoryServer) -> Iterator[str]:
    for kind in SHOWN:
        for obj in server.objects(kind):
            yield repr(obj)


def misfortunes(bed: TenancyFleet) -> None:
    """One of each sort, at steps that hold a password."""
    for after in (False, True):
        fault = faults.Fault(answer="broken", after=after, kind="user", method="*", user="admin")
        bed.avi.faults.add(fault)
    bed.vault.lose_tokens()
    bed.vault.lose_replies(Route.WRITE)
    bed.vault.fail(refusal(500, "internal error"), Route.WRITE, Route.READ, times=1)


@pytest.mark.parametrize("method", LOGINS)
def test_no_secret_of_a_whole_life_is_seen(
    method: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    made: set[str] = set()
    new = passwords.new

    def noted(rules: Rules) -> str:
        made.add(password := new(rules))
        return password

    monkeypatch.setattr(passwords, "new", noted)

    @virtual_time.test
    async def play(clock: virtual_time.LoopClock) -> None:
        bed = TenancyFleet(clock)
        bed.vault.login_mount = method
        bed.vault.files[SECRET_ID_FILE] = SECRET_ID
        chosen = structs.replace(VAULT, login=LOGINS[method])
        make = bed.vault.stores
        monkeypatch.setattr(bed.vault, "stores", lambda: make(chosen))
        with recorded() as recording:
            async with bed.fleet:
                misfortunes(bed)
                await bed.config(rotation=MINUTELY)
                await bed.fleet.create_cluster("shop")
                await bed.fleet.until(lambda: bed.is_active("shop", 1), seconds=1800)
                misfortunes(bed)
                await bed.fleet.until(lambda: bed.is_active("shop", 2), seconds=7200)
                bed.vault.erase()
                await bed.fleet.until(lambda: bed.is_active("shop", 3), seconds=7200)
                workload = bed.fleet.workload("shop")
                assert workload is not None
                seen = [*shown(workload)]
                misfortunes(bed)
                await bed.fleet.delete_cluster("shop")
                await bed.fleet.until_phase("shop", "Finished", seconds=3600)
                seen += shown(bed.fleet.management)
        seen += [repr(span) for span in recording.spans]
        seen += logged(caplog)
        seen.append(prometheus_client.generate_latest(metrics.REGISTRY).decode())
        text = "\n".join(seen)
        for output in ("POST data", "TenancyReady", "akoo_credential_age", "StoreFailing"):
            assert output in text, "it is looked at"
        secrets = made | bed.vault.secrets | {PASSWORD}
        assert len(made) >= 6, "each user is made with a password that nobody knows"
        assert (SECRET_ID in secrets) == (method == "approle")
        for secret in secrets:
            assert not [form for form in forms(secret) if form in text], "a secret is seen"

    play()
