"""What a person reads once the portal answers: where it is, who they can be, how to get in."""

from __future__ import annotations

import os

from hdh_portal.devstack.zones import Layout

DEMONSTRATION_PASSWORD = "demonstration-hdh-2027"  # noqa: S105  published: only the demonstration accepts it
ACCOUNTS = (
    ("camille.durand@chu-demo.fr", "researcher"),
    ("alex.martin@chu-demo.fr", "researcher of the same organisation"),
    ("sacha.leroy@labo-demo.fr", "researcher of another organisation"),
    ("nouvelle.personne@chu-demo.fr", "researcher who has no second factor yet"),
    ("morgan.petit@hdh-demo.fr", "data steward"),
    ("dominique.robert@hdh-demo.fr", "data steward"),
    ("claude.bernard@hdh-demo.fr", "operator"),
    ("jo.moreau@hdh-demo.fr", "auditor"),
    ("andrea.roux@hdh-demo.fr", "secretary of the committee"),
    ("maxime.fontaine@univ-demo.fr", "member of the committee"),
    ("lou.chevalier@univ-demo.fr", "member of the committee"),
    ("charlie.mercier@chu-demo.fr", "signatory of the hospital"),
    ("dany.lambert@hdh-demo.fr", "signatory of the platform"),
)


def _cloud(layout: Layout) -> str:
    if not layout.cloud_port:
        return ""
    return f"  Workspaces are made in an imitated cloud: http://localhost:{layout.cloud_port}/_fake/ (its controls)\n\n"


def welcome(layout: Layout, seconds: float) -> str:
    """The text shown when everything answers, `seconds` after the start."""
    password = os.environ.get("HDH_DEMO_PASSWORD", DEMONSTRATION_PASSWORD)
    width = max(len(email) for email, _ in ACCOUNTS)
    people = "\n".join(f"    {email:<{width}}  {role}" for email, role in ACCOUNTS)
    return (
        f"\n  The portal is ready ({seconds:.0f} s): {layout.portal_url}\n\n"
        f"  Demonstration accounts (password {password}):\n{people}\n\n"
        f"{_cloud(layout)}"
        f"  One-time code, in another terminal:  make code WHO={ACCOUNTS[0][0]}\n"
        f"  Logs: {layout.log}    Stop: Ctrl-C\n"
    )
