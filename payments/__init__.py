"""一键缴费: what is owed for a case, how it was paid, and whether the books agree."""
