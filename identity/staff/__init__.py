"""Officers and departments, and what each role may do."""
