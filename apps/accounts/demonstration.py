"""The people and organisations of the demonstration: invented, with e-mail domains that exist nowhere."""

from dataclasses import dataclass

from apps.core.rules import Role


@dataclass(frozen=True)
class DemoOrganisation:
    """An invented organisation; its SIREN only has the right shape and key."""

    name: str
    kind: str
    siren: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class DemoPerson:
    """An invented person. `enrolled` False: they set up their second factor themselves, as a newcomer does.

    `may_sign`: their mandate lets them sign agreements for their organisation; `administers`: they look after
    its people.
    """

    email: str
    given_name: str
    family_name: str
    organisation: DemoOrganisation
    role: Role | None = None
    enrolled: bool = True
    may_sign: bool = False
    administers: bool = False


_HOSPITAL = DemoOrganisation("CHU de démonstration", "public", "000000018", ("data_controller", "implementing_body"))
_LABORATORY = DemoOrganisation(
    "Laboratoire de démonstration", "private", "000000026", ("implementing_body", "laboratory")
)
_UNIVERSITY = DemoOrganisation("Université de démonstration", "public", "000000042")
_PLATFORM = DemoOrganisation("Plateforme de démonstration", "public", "000000034")

DEMO_PASSWORD = "demonstration-hdh-2027"  # noqa: S105  printed by the demonstration itself
DEMO_PEOPLE: tuple[DemoPerson, ...] = (
    DemoPerson("camille.durand@chu-demo.fr", "Camille", "Durand", _HOSPITAL),
    DemoPerson("alex.martin@chu-demo.fr", "Alex", "Martin", _HOSPITAL, administers=True),
    DemoPerson("nouvelle.personne@chu-demo.fr", "Nouvelle", "Personne", _HOSPITAL, enrolled=False),
    DemoPerson("sacha.leroy@labo-demo.fr", "Sacha", "Leroy", _LABORATORY),
    DemoPerson("morgan.petit@hdh-demo.fr", "Morgan", "Petit", _PLATFORM, Role.STEWARD),
    DemoPerson("dominique.robert@hdh-demo.fr", "Dominique", "Robert", _PLATFORM, Role.STEWARD),
    DemoPerson("claude.bernard@hdh-demo.fr", "Claude", "Bernard", _PLATFORM, Role.OPERATOR),
    DemoPerson("jo.moreau@hdh-demo.fr", "Jo", "Moreau", _PLATFORM, Role.AUDITOR),
    DemoPerson("andrea.roux@hdh-demo.fr", "Andréa", "Roux", _PLATFORM, Role.COMMITTEE_SECRETARY),
    DemoPerson("maxime.fontaine@univ-demo.fr", "Maxime", "Fontaine", _UNIVERSITY, Role.COMMITTEE_MEMBER),
    DemoPerson("lou.chevalier@univ-demo.fr", "Lou", "Chevalier", _UNIVERSITY, Role.COMMITTEE_MEMBER),
    DemoPerson("charlie.mercier@chu-demo.fr", "Charlie", "Mercier", _HOSPITAL, may_sign=True),
    DemoPerson("dany.lambert@hdh-demo.fr", "Dany", "Lambert", _PLATFORM, may_sign=True),
)
