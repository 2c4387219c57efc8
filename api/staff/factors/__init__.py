"""The second factor of staff: the second step of a sign-in, and an officer's own factors."""
