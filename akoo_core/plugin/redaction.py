"""Secret values that must be masked in log lines and spans."""

from akoo_core.telemetry.redaction import redact, register

__all__ = [
    "redact",
    "register",
]
