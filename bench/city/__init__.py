"""A city of a million: the fixture on which size is proved, what is asked of it, and how fast.

`recipe` says who lives there and what happened when; the modules named after tables write the
rows, a block of people at a time; `making` puts them into a migrated database and `keeping` has
it at hand for the next run. `visits` are the pages and timers that are measured, `plans` looks at
how the database answers their statements.
"""
