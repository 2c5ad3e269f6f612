"""Every stage of the engine has its words."""

from apps.extracts.engine.units import UnitKind
from apps.extracts.sentences import STAGES


def test_every_kind_of_unit_is_told_in_words():
    assert set(STAGES) == {kind.value for kind in UnitKind}
