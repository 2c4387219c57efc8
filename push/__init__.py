"""Bring a message to a person, by every channel that works."""
