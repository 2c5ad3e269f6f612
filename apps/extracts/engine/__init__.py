"""The extract engine: from an approved definition to a pseudonymised delivery.

A pure library: no Django, no other application. Reading order: ``definition`` and ``criteria`` (what is asked),
``catalogue`` (what exists), ``check`` (is it allowed), ``plan`` (how it is computed), ``run`` (how it is carried out).
"""
