"""Word between applicant and reviewer, with pictures."""
