"""How a licence comes to be: from a case or by hand, with numbers allotted once."""
