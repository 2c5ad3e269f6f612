"""Templates are compiled without the indentation of their lines; letters keep theirs."""

from pathlib import Path

import pytest
from django.template import Context, Engine

SOURCE = "<ul>\n  {% for one in some %}{% if one %}\n    <li>{{ one }}</li>\n  {% endif %}{% endfor %}\n</ul>\n"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("page.html", "<ul>\n<li>a  b</li>\n<li>c</li>\n</ul>\n"),
        ("letter.txt", "<ul>\n  \n    <li>a  b</li>\n  \n    <li>c</li>\n  \n</ul>\n"),
    ],
)
def test_a_page_loses_its_indentation_and_its_blank_lines(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / name).write_text(SOURCE)
    engine = Engine(dirs=[str(tmp_path)], loaders=["apps.core.template_loading.FilesystemLoader"])

    assert engine.get_template(name).render(Context({"some": ["a  b", "c"]})) == said


def test_words_on_lines_of_their_own_stay_apart(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("one\n{% if a %}\ntwo\n{% endif %}\nthree\n  {{ a }}\n  {{ a }}\n")
    engine = Engine(dirs=[str(tmp_path)], loaders=["apps.core.template_loading.FilesystemLoader"])

    assert engine.get_template("page.html").render(Context({"a": "x"})).split() == ["one", "two", "three", "x", "x"]
