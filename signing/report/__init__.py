"""What a verification can find, how strict to be about it, and how it is told."""
