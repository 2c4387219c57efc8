"""What people hand in: bytes kept, judged and looked at. Knows files, not cases."""
