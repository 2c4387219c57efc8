"""Periods of the law: which days the offices work, by rows that an operator loads."""
