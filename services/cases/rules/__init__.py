"""The law of a case, pure: days, numbers, what a form must hold, what is missing."""
