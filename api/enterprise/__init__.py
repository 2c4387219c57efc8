"""Handlers for enterprises."""
