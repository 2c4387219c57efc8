"""The city's own app: no public specification, so a profile says how it speaks."""
