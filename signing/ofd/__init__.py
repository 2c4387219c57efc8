"""The OFD package (GB/T 33190): container, references, signature list."""
