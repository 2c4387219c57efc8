"""Payment platforms behind one protocol. Protocols only: who owes what is the package payments'."""
