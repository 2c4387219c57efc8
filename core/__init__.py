"""Shared kernel: settings, errors, clock, ids, events, outbox, database, blobs, audit, protection.

Imports nothing of ours and knows no word of the domain.
"""
