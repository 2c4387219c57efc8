"""What people are told, in words: of cases, of talk, of licences."""
