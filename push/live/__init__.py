"""What is told at once: the numbered stream of each topic and who listens to it here."""
