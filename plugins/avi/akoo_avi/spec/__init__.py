"""Configs, options, AviControllers, AviIPPools and places, as values."""
