"""``duckdb`` computes the expressions of ``plan``; ``reference`` is the oracle that does without them."""
