"""What is no person: client systems and counters, and the signatures of their requests."""
