"""Handlers for citizens."""
