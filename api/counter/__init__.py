"""Handlers for counters."""
