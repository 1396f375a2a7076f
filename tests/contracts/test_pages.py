"""Pages lead where they say: links, anchors, and a way to every page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]


def prose(text: str) -> str:
    """Give a page without what is code in it."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def links(text: str) -> list[str]:
    found = re.findall(r"\]\(([^)\s]+)\)", prose(text))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def anchors(text: str) -> set[str]:
    """Give where one can link to in a page, as GitHub names its headings."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    names = set(re.findall(r'(?:id|name)="([^"]+)"', text))
    for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        names.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return names


def broken(page: Path) -> list[str]:
    """Give the links of a page that lead nowhere."""
    return [link for link in links(page.read_text()) if not leads(page, link)]


def leads(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    if not anchor or not target.exists():
        return target.exists()
    return anchor in anchors(target.read_text())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    assert broken(page) == []


def test_every_page_is_in_the_index():
    listed = set(links((DOCS / "index.md").read_text()))
    assert {page.name for page in DOCS.glob("*.md")} - listed == {"index.md"}


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# Its `name`, first\n[a](#its-name-first) [b](#second) [c](none.md)\n"
        "[d](page.md#its-name-first) [e](https://example.org) `[f](code.md)`\n"
    )
    assert broken(page) == ["#second", "none.md"]
