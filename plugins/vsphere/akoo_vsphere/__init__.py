"""Plugin for vCenter: distributed port groups as Kubernetes objects. No entry point yet."""
