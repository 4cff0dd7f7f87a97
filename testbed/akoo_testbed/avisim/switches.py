"""Unknown behaviour of real controllers, as switches with a default.

Clients should be tested with every value of the switches that concern them.
"""

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, slots=True)
class Switch:
    """One open question; the first value is the default."""

    name: str
    values: tuple[str, ...]
    about: str

    @property
    def default(self) -> str:
        return self.values[0]


_TABLE = """
default-page-size|25 100 200|results on a page when page_size is not given
no-session-status|401 419|answer to a session that is missing, expired or lost
csrf-body|plain detail|body of the answer to a wrong X-CSRFToken
locked-login|invalid-credentials locked|what a locked account reads at login
put-without-last-modified|accept refuse|PUT of an object without its _last_modified
older-put|reset keep|PUT in an older X-Avi-Version: fields that are newer than it
deleted-object|gone lingers|an object whose DELETE was answered; lingers: readable for 2 s
list-order|created changing|order of a list without sort; changing: another for each request
search|substring whole|search=(field,text): a part of the value or all of it
label-key-alone|any-value nothing|label_key without label_value
duplicate-name-status|409 400|status of a second object of one name
missing-reference-status|recorded 400 404|target of a reference missing; recorded: 404 for pools
ill-typed-field|drop bad-pb bad-request|faithful mode: value that does not fit its field
tenant-header|raw percent|X-Avi-Tenant: UTF-8 as it is, or percent-decoded
tenant-mismatch|header refuse|POST whose tenant_ref is not the tenant of its header
forbidden-tenant-status|403 404|header names a tenant that exists and is not for this user
hidden-object-status|404 403|object of a tenant that the request does not see
filtered-object-status|403 404|object that a role filter hides
unlabelled-access|read-no-labels write-lacks-key|objects that a filter with unlabelled access admits
full-tenant-delete|refuse cascade|DELETE of a tenant that holds objects
referenced-role-delete|refuse accept|DELETE of a role that users have; accept takes it from them
own-user-delete|refuse accept|DELETE of the user who asks
range-in-use|refuse accept|PUT or PATCH that takes addresses in use from a network's ranges
range-check|refuse accept|overlapping, inverted or outside ranges of a network
network-runtime|always allocated|allocated: 404 until a network has given an address
usable-network-in-use|accept refuse|taking a network with allocated addresses from an IPAM profile
discovered-network-delete|refuse accept|DELETE of a network that discovery made (it comes again)
vanished-network-in-use|keep remove|port group gone whose network has addresses or referrers
licence|accept refuse|kinds of clouds and IPAM that the licence tier does not have
licence-fields|accept refuse|markers and static ranges in the tiers ESSENTIALS and BASIC
restart-answer|unavailable bad-gateway|answer while the controller restarts: 503 or 502
upgrade-sessions|lost kept|sessions when the controller comes back with another release
bad-certificate|refuse accept|certificate that cannot be read
patch-names|yes no|whether the answer to PATCH carries #name on its references
write-counter|yes no|configpb_attributes.version counts writes
secret-read-back|omitted masked|passwords when read
initial-data|open login|whether GET /api/initial-data needs a login
deleted-user-sessions|end keep|sessions of a user who is deleted
suspended-user-sessions|keep end|sessions of a user whose is_active becomes false
role-outside-admin|refuse accept|role made in another tenant with CONTROLLER, ROLE, TENANT or USER
several-roles|add-up first|several roles of a user that are given for one tenant
expired-login|invalid-credentials expired|what the right password reads at login after its age limit
failed-login-attempts|reset kept|failed_login_attempts after a login: 0, or those before it
activity-time|iso blank seconds|times in useractivity: with a T, with a blank, or a number as text
activity-of-service-users|listed asked|that of service users; asked: include_service_accounts
tenant-system-configuration|none made|whether a new tenant has one (30.1.1 and later)
password-change|keep-sessions end-sessions|other sessions of a user whose password changes
retry-after|yes no|whether 429 carries Retry-After
"""


def _read() -> dict[str, Switch]:
    switches = {}
    for line in _TABLE.strip().splitlines():
        name, choices, about = line.split("|")
        switches[name] = Switch(name, tuple(choices.split()), about)
    return switches


SWITCHES = _read()


class Switches:
    """The values in force; `switches["csrf-body"]`."""

    def __init__(self, chosen: Mapping[str, str] | None = None) -> None:
        self._values = {name: switch.default for name, switch in SWITCHES.items()}
        for name, value in (chosen or {}).items():
            self[name] = value

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __setitem__(self, name: str, value: str) -> None:
        """Raises ValueError for a switch or value that does not exist."""
        switch = SWITCHES.get(name)
        if switch is None:
            raise ValueError(f'no switch "{name}"; there are: {", ".join(SWITCHES)}')
        if value not in switch.values:
            raise ValueError(f"{name} is one of {', '.join(switch.values)}, not {value}")
        self._values[name] = value

    def as_dict(self) -> dict[str, str]:
        """All values."""
        return dict(self._values)


def describe() -> str:
    """All switches, for a terminal; the default comes first."""
    width = max(map(len, SWITCHES))
    rows = (f"{s.name:<{width}}  {'|'.join(s.values):<32}  {s.about}" for s in SWITCHES.values())
    return "\n".join(rows)
