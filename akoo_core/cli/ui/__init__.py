"""The fleet page: `akoo-core ui` serves it on loopback; it only reads."""
