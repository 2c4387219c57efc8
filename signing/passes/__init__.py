"""Offline passes: CBOR with signatures, status lists, the list of signers."""
