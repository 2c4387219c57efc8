"""Whom the holder lets see it: authorisations and annotated copies."""
