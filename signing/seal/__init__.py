"""E-seals and seal signatures: made, read, placed on pages."""
