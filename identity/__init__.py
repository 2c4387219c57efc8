"""Who is who: people, organisations, officers, counters and client systems, and their sessions."""
