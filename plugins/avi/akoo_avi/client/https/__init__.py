"""TLS and errors of the library requests, for the SDKs that are built on it."""
