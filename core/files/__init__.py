"""Bytes that are kept: blobs, parts, their sweep; the ports for scanners and readers of text."""
