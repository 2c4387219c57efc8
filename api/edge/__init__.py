"""Where requests arrive: guards, limits, bodies, problems, the description of all operations."""
