"""Take out of an OFD what its seals and licence data are."""
