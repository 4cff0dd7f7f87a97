"""What the API server holds, kept at hand: a reflector fills a store and reports each change."""
