"""The holder shows it: online codes, offline passes, printed copies, status lists."""
