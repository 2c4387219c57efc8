"""The nightly round: rows of the register against the sealed documents and the log."""
