"""What others issued: batches taken in, and the upstream library that is followed."""
