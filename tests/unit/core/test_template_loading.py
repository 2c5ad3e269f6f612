"""Templates are compiled without the indentation of their lines; letters keep theirs."""

from pathlib import Path

import pytest
from django.template import Context, Engine


@pytest.mark.parametrize(
    ("name", "said"),
    [("page.html", "<ul>\n<li>a  b</li>\n\n</ul>\n"), ("letter.txt", "<ul>\n    <li>a  b</li>\n\n  </ul>\n")],
)
def test_a_page_loses_its_indentation_and_nothing_else(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / name).write_text("<ul>\n    <li>{{ inside }}</li>\n\n  </ul>\n")
    engine = Engine(dirs=[str(tmp_path)], loaders=["apps.core.template_loading.FilesystemLoader"])

    assert engine.get_template(name).render(Context({"inside": "a  b"})) == said
