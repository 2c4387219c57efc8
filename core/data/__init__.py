"""What the database needs besides tables: migrations, limits, judged errors, acts done once."""
