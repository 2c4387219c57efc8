"""Talks to mini-app platforms and translates their words and codes into ours. No tables."""
