"""Names that the core gives to labels, annotations and namespaces."""

from akoo_core.objects.names import (
    ADOPT_ANNOTATION,
    DELETE_FOR_MOVE_ANNOTATION,
    FINALIZER,
    LET_GO_ANNOTATION,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    MANAGEMENT_NAMESPACE,
    RECORD_LABEL,
    SWEEP_TENANTS_ANNOTATION,
)

__all__ = [
    "ADOPT_ANNOTATION",
    "DELETE_FOR_MOVE_ANNOTATION",
    "FINALIZER",
    "LET_GO_ANNOTATION",
    "MANAGED_BY",
    "MANAGED_BY_LABEL",
    "MANAGEMENT_NAMESPACE",
    "RECORD_LABEL",
    "SWEEP_TENANTS_ANNOTATION",
]
