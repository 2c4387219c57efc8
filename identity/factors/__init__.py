"""The second factor of staff: one-time codes, passkeys, and the way back for who lost them."""
