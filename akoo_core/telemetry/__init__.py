"""Spans, metrics and logs. The OpenTelemetry SDK is optional and imported by ``sdk`` only."""
