"""How somebody proves who is there: sessions, proofs, certificates, tickets, guesses counted."""
