"""Connections that stay: who may hold one, what goes over it, when it ends."""
