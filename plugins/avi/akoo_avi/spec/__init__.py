"""What is asked for, as values: configs, options, AviControllers, AviIPPools, places."""
