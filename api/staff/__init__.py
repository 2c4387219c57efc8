"""Handlers for officers and supervisors."""
