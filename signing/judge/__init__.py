"""What OFD and PDF judge alike: the validation context, signers, messages."""
