"""事项·指南: definitions, versions, question trees, fees and search. Knows nothing of cases."""
