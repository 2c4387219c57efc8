"""What a licence is: types, facts, numbers, validity, masking, the words of a verdict."""
