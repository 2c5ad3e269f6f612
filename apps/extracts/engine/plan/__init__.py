"""What to compute, as Ibis expressions: a pure translation of a definition, run by a backend.

Every expression reads named relations (see ``relations``): source tables, whose content a unit binds to one partition,
and intermediate relations made by earlier units. No literal comes from anything but a checked definition, and no key or
pseudonym is computed here.
"""
