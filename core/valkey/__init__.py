"""Valkey: the client, the feed that reaches every process, a server of our own where there is
none.
"""
