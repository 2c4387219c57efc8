"""The accounts desk: departments, officers, what they may do, and who changed it."""
