"""Natural and legal persons: who they are, for whom they may act, what the register says."""
