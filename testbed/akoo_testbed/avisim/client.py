"""A client of the pure controller, without server or sockets: for tests, and to fill it."""

import dataclasses
import json
import typing
import urllib.parse

from akoo_testbed.avisim import controller as controllers
from akoo_testbed.avisim import values


class CallError(AssertionError):
    """An answer was not what the caller asked for."""


@dataclasses.dataclass
class Client:
    """A user who logs in on the first call, keeps cookies, and sends the usual headers.

    Headers are keyword arguments with `_` for `-`; None leaves one out.
    """

    controller: controllers.Controller
    user: str = "admin"
    password: str = dataclasses.field(default="", repr=False)
    tenant: str = "admin"
    version: str = ""
    """X-Avi-Version; the controller's own if empty."""
    cookies: dict[str, str] = dataclasses.field(default_factory=dict, repr=False)

    def login(self) -> values.Response:
        """Log in; the answer, which may be a refusal."""
        body = urllib.parse.urlencode({"username": self.user, "password": self.password})
        form = {"content-type": "application/x-www-form-urlencoded"}
        response = self.controller.handle(
            values.Request(method="POST", target="/login", headers=form, body=body.encode())
        )
        for name, value in response.headers:
            if name == "Set-Cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return response

    def call(
        self, method: str, target: str, body: typing.Any = None, **headers: str | None
    ) -> values.Response:
        """Send a request; `target` is below /api/ unless it starts with a slash."""
        return self.controller.handle(self.request(method, target, body, **headers))

    def request(
        self, method: str, target: str, body: typing.Any = None, **headers: str | None
    ) -> values.Request:
        """The request that `call` sends. Raises CallError if the login is refused."""
        if not self.cookies and self.login().status != 200:
            raise CallError(f"{self.user} could not log in")
        sent: dict[str, str | None] = {
            "cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "x-avi-tenant": self.tenant,
            "x-avi-version": self.version or self.controller.state.profile.name,
            "x-csrftoken": self.cookies["csrftoken"],
            "referer": "https://controller",
        }
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return values.Request(
            method=method,
            target=target if target.startswith("/") else f"/api/{target}",
            headers={name: value for name, value in sent.items() if value is not None},
            body=b"" if body is None else json.dumps(body).encode(),
        )

    def get(self, target: str, **headers: str | None) -> typing.Any:
        """The answer to a GET that must succeed. Raises CallError."""
        return _ok(self.call("GET", target, **headers), 200)

    def post(self, kind: str, body: typing.Any, **headers: str | None) -> typing.Any:
        """The object that a POST must make. Raises CallError."""
        return _ok(self.call("POST", kind, body, **headers), 201)

    def put(self, target: str, body: typing.Any, **headers: str | None) -> typing.Any:
        """The object after a PUT that must succeed. Raises CallError."""
        return _ok(self.call("PUT", target, body, **headers), 200)

    def patch(self, target: str, body: typing.Any, **headers: str | None) -> typing.Any:
        """The object after a PATCH that must succeed. Raises CallError."""
        return _ok(self.call("PATCH", target, body, **headers), 200)

    def delete(self, target: str, **headers: str | None) -> None:
        """A DELETE that must succeed. Raises CallError."""
        _ok(self.call("DELETE", target, **headers), 204)

    def refused(
        self, method: str, target: str, body: typing.Any = None, **headers: str | None
    ) -> tuple[int, str]:
        """Status and text of a refusal. Raises CallError if there is none."""
        response = self.call(method, target, body, **headers)
        if response.status < 400:
            raise CallError(f"{method} {target} was not refused: {response.status}")
        return response.status, response.body.decode()

    def names(self, target: str, **headers: str | None) -> list[str]:
        """The names in a list, page by page. Raises CallError."""
        page = self.get(target, **headers)
        names = [each["name"] for each in page["results"]]
        while "next" in page:
            page = self.get("/api/" + page["next"].partition("/api/")[2], **headers)
            names += [each["name"] for each in page["results"]]
        if len(names) != page["count"]:
            raise CallError(f"{target}: {len(names)} objects on pages that count {page['count']}")
        return names

    def as_user(self, user: str, password: str, tenant: str = "admin") -> "Client":
        """Another user of the same controller."""
        return Client(self.controller, user, password, tenant, self.version)


def _ok(response: values.Response, status: int) -> typing.Any:
    if response.status != status:
        raise CallError(f"{response.status} {response.body.decode()}")
    return response.json if response.body else None
