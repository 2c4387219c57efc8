"""What keeps rows secret and records whole: encryption with context, the audit chains."""
