"""Migrations of this package, written by `make migrations`."""
