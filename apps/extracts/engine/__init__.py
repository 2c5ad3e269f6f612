"""The extract engine: from an approved definition to a pseudonymised delivery.

A pure library: no Django, no other application. Reading order: ``definition`` and ``criteria`` (what is asked),
``catalogue`` (what exists), ``check`` (is it allowed), ``plan`` (how it is computed), ``run`` (how it is carried out).
"""

import os

# Arrow's own pool keeps what it frees to itself, beside the memory limit. It is chosen when Arrow is loaded (ADR 0298).
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
