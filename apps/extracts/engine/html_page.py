"""The report of a delivery as one page of HTML beside the data, for any browser, without network or script."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from .catalogue import FAMILY_TITLES, Family
from .page_words import PAGE_WORDS
from .protection import LEVEL_WORDS, Level
from .risk import title_of
from .words import LANGUAGES, Language

HTML_PAGE = "REPORT.html"
BAR, ROW, LABELS = 10, 26, 30
WIDEST = 300
STYLE = """body{font:1rem/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#161616;background:#fff}
table{border-collapse:collapse;width:100%}th,td{border:1px solid #929292;padding:.3rem .5rem;text-align:left}
svg{max-width:100%;height:auto}.after{fill:#000091}.before{fill:#929292}code{overflow-wrap:anywhere}
.scroll{overflow-x:auto}dd{margin:0 0 .5rem}section+section{border-top:1px solid #929292;margin-top:3rem}
.synthetic{font-weight:bold;border-left:4px solid #0063cb;padding:.5rem 1rem}"""


def html_page(manifest: Mapping[str, Any]) -> str:
    """The whole page, in French then in English."""
    parts = [part for language in LANGUAGES for part in _in_language(manifest, language)]
    title = escape(f"{PAGE_WORDS['fr']['title']} {manifest['request_id']}".strip())
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="fr"><head>{head}',
            f"<style>{STYLE}</style></head><body><main>",
            '<p><a href="#en" hreflang="en" lang="en">In English, below</a></p>',
            *parts,
            "</main></body></html>",
            "",
        ]
    )


def _in_language(manifest: Mapping[str, Any], language: Language) -> Iterator[str]:
    words = PAGE_WORDS[language]
    yield f'<section lang="{language}" id="{language}"><h1>{words["title"]}</h1>'
    if manifest["synthetic"]:
        yield f'<p class="synthetic">{words["synthetic"]}</p>'
    yield f"<h2>{words['definition']}</h2><p>{escape(manifest['sentences'][language])}</p>"
    yield f"<h2>{words['flow']}</h2>"
    flow = [(step["criterion"][language], step["persons"]) for step in manifest["population_flow"]]
    yield _table((words["step"], words["persons"]), flow)
    yield from _risk(manifest["risk"], language)
    yield from _identifiers(manifest["potential_identifiers"], language)
    yield f"<h2>{words['filters']}</h2>"
    yield _table((words["filter"], _begun(words["removed"])), [_filter(one, language) for one in manifest["filters"]])
    yield f"<h2>{words['proof']}</h2><dl>"
    yield from (
        f"<dt>{words[name]}</dt><dd><code>{escape(manifest[name])}</code></dd>"
        for name in ("definition_hash", "source_release")
    )
    yield "</dl></section>"


def _begun(words: str) -> str:
    return words[0].upper() + words[1:]


def _filter(one: Mapping[str, Any], language: Language) -> tuple[str, Any]:
    removed = one["rows_removed_from_delivery"] if one["applied"] else PAGE_WORDS[language]["off"]
    return one["removes"][language], removed


def _risk(risk: Mapping[str, Mapping[str, Any]], language: Language) -> Iterator[str]:
    words = PAGE_WORDS[language]
    if risk:
        yield f"<h2>{words['risk']}</h2><p>{words['risk_intro']}</p>"
    for name, found in sorted(risk.items()):
        sets, coarser = found["sets"], any("before" in one for one in found["sets"])
        yield f"<h3>{name} — {escape(title_of(name, language))}</h3>"
        yield _chart(sets, language)
        yield f"<p>{words['key']}</p>" if coarser else ""
        header = (words["line"], words["known"], words["persons"], "k", words["alone"], "l")
        exact = (words["exact_k"], words["exact_alone"]) if coarser else ()
        rows = [
            (number, *_measured(one), *(_exact(one) if coarser else ())) for number, one in enumerate(sets, start=1)
        ]
        yield _table((*header, *exact), rows)


def _measured(one: Mapping[str, Any]) -> tuple[Any, ...]:
    after = one["after"]
    diverse = "–" if after["l"] is None else after["l"]
    return ", ".join(one["quasi_identifiers"]), after["persons"], after["k"], after["alone"], diverse


def _exact(one: Mapping[str, Any]) -> tuple[Any, ...]:
    return one["before"]["k"], one["before"]["alone"]


def _chart(sets: Sequence[Mapping[str, Any]], language: Language) -> str:
    """The share of persons alone, a line for each set; above as delivered, below with exact values."""
    drawn = []
    for place, one in enumerate(sets):
        top = place * ROW
        drawn.append(f'<text x="0" y="{top + BAR}" font-size="12">{place + 1}</text>')
        drawn += [
            _bar(top + step * (BAR + 1), one[kind]["share_alone"], name, language)
            for step, (kind, name) in enumerate((("after", "after"), ("before", "before")))
            if kind in one
        ]
    title = PAGE_WORDS[language]["chart"]
    size = f"0 0 {LABELS + WIDEST + 60} {ROW * len(sets)}"
    return (
        f'<svg viewBox="{size}" width="{LABELS + WIDEST + 60}" role="img" aria-label="{title}">{"".join(drawn)}</svg>'
    )


def _bar(top: int, share: float, name: str, language: Language) -> str:
    width = round(share * WIDEST, 1)
    percent = f"{100 * share:.1f}\u00a0%".replace(".", "," if language == "fr" else ".")
    said = f'<text x="{LABELS + width + 4}" y="{top + BAR - 1}" font-size="11">{percent}</text>'
    return f'<rect class="{name}" x="{LABELS}" y="{top}" width="{width}" height="{BAR}"/>{said}'


def _identifiers(found: Mapping[str, Mapping[str, Any]], language: Language) -> Iterator[str]:
    words, place = PAGE_WORDS[language], LANGUAGES.index(language)
    yield f"<h2>{words['identifiers']}</h2>"
    rows = [
        (
            FAMILY_TITLES[Family(family)][place],
            ", ".join(facts["columns"]),
            LEVEL_WORDS[language][Level(facts["coarsened_to"])] if facts["coarsened_to"] else words["exact"],
        )
        for family, facts in found.items()
    ]
    yield _table((words["family"], words["columns"], words["precision"]), rows) if rows else f"<p>{words['none']}</p>"


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table; on a narrow screen it scrolls by itself."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
