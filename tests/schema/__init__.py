"""Requests made from the published document, put to a running server (Schemathesis)."""
