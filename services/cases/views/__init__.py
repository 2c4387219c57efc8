"""What readers of a case get to see, gathered by a few queries."""
