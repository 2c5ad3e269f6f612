"""What a definition means: small tables in text, a question, the expected answer, on every engine."""
