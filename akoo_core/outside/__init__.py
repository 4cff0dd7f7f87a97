"""The way to systems outside: the proxy, and the CAs that count where a system has none."""
