"""For everybody, known or not: pages, health, codes, lists, the public log."""
