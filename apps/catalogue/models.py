"""What differs between two copies of the SNDS: their release and their code lists.

Tables and columns are typed facts of the engine (`apps/extracts/engine/catalogue.py`), the same everywhere.
"""

from django.db import models


class Release(models.Model):
    """A state of the SNDS copy whose code lists were read."""

    identifier = models.CharField(max_length=80, unique=True)
    synthetic = models.BooleanField()
    read_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.identifier


class Code(models.Model):
    """One code of a code system, as the copy's own nomenclature tables hold it."""

    system = models.CharField(max_length=10)
    code = models.CharField(max_length=20)
    label_fr = models.CharField(max_length=300, blank=True)
    label_en = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["system", "code"], name="one_row_per_code")]

    def __str__(self) -> str:
        return f"{self.system} {self.code}"
