"""`python -m signing`: verify, inspect, seal, extract from the command line."""
