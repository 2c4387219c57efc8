"""With what a licence is sealed: the register of e-seals, their life, the sealing."""
