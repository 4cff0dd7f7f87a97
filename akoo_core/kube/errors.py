"""The errors of API servers, as types.

::

    KubeError                    .status .reason .message, and the request it was about
    ├── UnreachableError         no answer: refused, reset, timed out, TLS not trusted
    │   └── CircuitOpenError     request not sent: it was silent before; .retry_after_seconds
    ├── UnauthorizedError        401: the credential is not accepted (any more)
    ├── ForbiddenError           403: names the rule that RBAC lacks
    ├── NotFoundError            404: no such object (or no such kind: .kind_missing)
    ├── AlreadyExistsError       409 on create
    ├── ConflictError            409: somebody wrote since we read, or a precondition failed
    ├── WorkloadConflictError    the same of a workload cluster: says nothing of what is cached here
    ├── GoneError                410: the resourceVersion or continue token is too old
    ├── InvalidError             400, 422: the server refuses the content
    ├── TooManyRequestsError     429: .retry_after_seconds
    ├── TooLargeVersionError     504/500 "Too large resource version": list again from scratch
    ├── ServerError              500 and above, and answers that are not Kubernetes answers
    └── KubeconfigError          nothing was asked: the kubeconfig of the cluster cannot be used

Retry: Unreachable, TooManyRequests, Server, Conflict (after reading again). Relist: Gone,
TooLargeVersion. The caller decides about the rest. A body is quoted only when it is a Kubernetes
Status; anything else could be a secret or a login page and is never echoed.
"""

from __future__ import annotations

from akoo_core import errors


class KubeError(errors.AkooError):
    """An API server's answer that is not success, or no answer at all."""

    status: int = 0

    def __init__(
        self, message: str, *, status: int | None = None, reason: str = "", request: str = ""
    ) -> None:
        super().__init__(f"{request}: {message}" if request else message)
        self.message = message
        self.reason = reason
        self.request = request
        if status is not None:
            self.status = status


class UnreachableError(KubeError):
    """No HTTP answer came: connection refused or reset, TLS failure, timeout.

    ``detail`` is for the operator's log. The message leaves out how a connection failed; otherwise
    the author of the address could find open ports in the operator's network.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        reason: str = "",
        request: str = "",
        detail: str = "",
    ) -> None:
        super().__init__(message, status=status, reason=reason, request=request)
        self.detail = detail


class CircuitOpenError(UnreachableError):
    """The circuit is open: the request was not sent. Tried again in ``retry_after_seconds``."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        reason: str = "",
        request: str = "",
        retry_after_seconds: float = 1.0,
    ) -> None:
        super().__init__(message, status=status, reason=reason, request=request)
        self.retry_after_seconds = retry_after_seconds


class UnauthorizedError(KubeError):
    """The server does not accept our credential."""

    status = 401


class ForbiddenError(KubeError):
    """RBAC (or admission) refuses; the message names verb and resource."""

    status = 403


class NotFoundError(KubeError):
    """The object is not there. ``kind_missing`` says that the whole kind is not served."""

    status = 404

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        reason: str = "",
        request: str = "",
        kind_missing: bool = False,
    ) -> None:
        super().__init__(message, status=status, reason=reason, request=request)
        self.kind_missing = kind_missing


class AlreadyExistsError(KubeError):
    """A create met an object of that name."""

    status = 409


class ConflictError(KubeError):
    """A resourceVersion, uid or JSON patch test did not hold: read again and decide again."""

    status = 409


class WorkloadConflictError(KubeError):
    """A workload API answered a write with 409: a quota, a webhook, another writer.

    It is not a ConflictError, because that means that an object of the management cluster is stale.
    """

    status = 409


class GoneError(KubeError):
    """The server no longer has the resourceVersion or continue token of the request."""

    status = 410


class InvalidError(KubeError):
    """The server refuses the content of the request."""

    status = 422


class TooManyRequestsError(KubeError):
    """The server asks us to slow down. ``retry_after_seconds`` is its value, or 1."""

    status = 429

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        reason: str = "",
        request: str = "",
        retry_after_seconds: float = 1.0,
    ) -> None:
        super().__init__(message, status=status, reason=reason, request=request)
        self.retry_after_seconds = retry_after_seconds


class TooLargeVersionError(KubeError):
    """The server has not reached the resourceVersion we asked for."""

    status = 504


class ServerError(KubeError):
    """The server failed, or answered with something that is not a Kubernetes answer."""

    status = 500


class KubeconfigError(KubeError):
    """A workload kubeconfig is broken, or contains something that a tenant may not set.

    ``reason`` is for a condition: KubeconfigInvalid, KubeconfigExecRefused,
    KubeconfigAuthProviderRefused, KubeconfigFileRefused, KubeconfigInsecureRefused,
    KubeconfigProxyRefused, KubeconfigAddressRefused. Messages never quote a value.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message, reason=reason)
