"""Replaying recorded traffic against the fake, and saying honestly how much of it conforms."""
