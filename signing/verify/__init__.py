"""Judge a sealed OFD: its signatures, seals, signers and what is shown."""
