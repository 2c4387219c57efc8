"""Somebody judges it: counters online and offline, enterprises with a document."""
