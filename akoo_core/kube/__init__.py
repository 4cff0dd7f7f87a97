"""The API servers: the only package that imports kubernetes_asyncio."""
