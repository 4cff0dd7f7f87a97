"""Controllers of this plugin."""
