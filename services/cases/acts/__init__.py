"""What is done to a case: applied for, supplemented, signed, reviewed, ended."""
