"""What several audiences are offered in the same words: talk, webhooks, verdicts."""
