"""Periods of the law: the working calendar, and what is owed by when, as rows."""
