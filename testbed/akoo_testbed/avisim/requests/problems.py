"""Refusals of the controller, with the status codes and texts that clients match on. The text is
that of real controllers where real traffic is known; else it says what happened."""

import json
import typing
from collections.abc import Iterable

from akoo_testbed.avisim import values, versions


class RefusedError(Exception):
    """A request ends here, with this answer."""

    def __init__(self, status: int, error: str, *, key: str = "error") -> None:
        super().__init__(f"{status} {error}")
        self.status = status
        self.error = error
        self.key = key
        self.reason: str | None = None
        self.content_type = "application/json"
        self.headers: list[tuple[str, str]] = []

    def response(self) -> values.Response:
        """The answer."""
        value: typing.Any = {self.key: self.error} if self.key else self.error
        text = json.dumps(value) if self.key else self.error
        return values.Response(
            status=self.status,
            body=text.encode(),
            reason=self.reason,
            content_type=self.content_type,
            headers=list(self.headers),
        )


def bad_request(error: str) -> RefusedError:
    return RefusedError(400, error)


def not_authenticated(status: int = 401) -> RefusedError:
    if status == 419:
        return switch_session()
    return RefusedError(401, "Authentication credentials were not provided.", key="detail")


def switch_session() -> RefusedError:
    refused = RefusedError(419, "Need to switch session")
    refused.reason = "FORBIDDEN"
    refused.content_type = "text/html"
    return refused


def invalid_credentials() -> RefusedError:
    return RefusedError(401, "Invalid credentials")


def csrf_failed(style: str) -> RefusedError:
    """`detail`: as 18.1 to 18.2.1; `plain`: as 18.2.4 to 20.1.1, text that is no JSON."""
    if style == "detail":
        return RefusedError(401, "CSRF Failed: CSRF token missing or incorrect.", key="detail")
    return RefusedError(401, "CSRF token missing or incorrect.", key="")


def permission_denied(action: str) -> RefusedError:
    return RefusedError(403, f"User does not have permission to {action}")


def tenant_unknown(name: str) -> RefusedError:
    return RefusedError(403, f"Tenant '{name}' does not exist!")


def not_found(model: str, status: int = 404) -> RefusedError:
    return RefusedError(status, f"{model} object not found!")


def unknown_endpoint() -> RefusedError:
    refused = RefusedError(404, "<h1>Not Found</h1>", key="")
    refused.content_type = "text/html"
    return refused


def method_not_allowed(method: str) -> RefusedError:
    return RefusedError(405, f"Method '{method}' not allowed.", key="detail")


def already_exists(model: str, name: str, status: int = 409) -> RefusedError:
    return RefusedError(status, f"{model} with this Name already exists: {name}")


def referred_by(referrers: Iterable[str], status: int = 403) -> RefusedError:
    names = ", ".join(f"'{each}'" for each in referrers)
    return RefusedError(status, f"Cannot delete, object is referred by: [{names}]")


def concurrent_update(model: str) -> RefusedError:
    return RefusedError(412, f"Concurrent Update Error: Need to reload object data {model}")


def newer_field(field: str, since: versions.Version, requested: versions.Version) -> RefusedError:
    return bad_request(
        f"Incoming request (v{versions.underscored(requested)}) has field ({field}) introduced "
        f"in later versions(v{versions.underscored(since)})."
    )


def invalid_version(requested: str, current: versions.Version) -> RefusedError:
    return bad_request(
        f"Invalid version: {requested} is not supported by this controller "
        f"({versions.dotted(current)})"
    )


def bad_pb(text: str) -> RefusedError:
    return RefusedError(500, f"Bad pb: {text}")


def upgrade_running() -> RefusedError:
    return RefusedError(403, "Configuration is disallowed during upgrade")


def no_free_ip(where: str) -> RefusedError:
    return bad_request(f"No available free IPs in {where}")


def restarting(answer: str) -> RefusedError:
    """`unavailable`: 503 of the controller; `bad-gateway`: 502 of the proxy before it."""
    if answer == "unavailable":
        return RefusedError(503, "Controller is not ready")
    refused = RefusedError(502, "<html>502 Bad Gateway</html>", key="")
    refused.content_type = "text/html"
    return refused
