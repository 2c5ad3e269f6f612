"""The one error of the development stack."""


class StackError(Exception):
    """A sentence for the person at the terminal: what is wrong and what to do about it."""
