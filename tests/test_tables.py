"""Tables for terminals of any width."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from ccqed_ctrl import tables
from ccqed_ctrl.tables import Column, Fitted, pairs

WORDS = st.text("abcdefgh/_.-", min_size=1, max_size=12)
TEXTS = st.lists(WORDS, max_size=8).map(" ".join)

COLUMNS = (
    Column("name"),
    Column("kind", rank=3),
    Column("meaning", rank=1, wraps=True),
    Column("file", rank=2),
)


def printed(renderable, width):
    text = io.StringIO()
    Console(file=text, width=width).print(renderable)
    return text.getvalue()


def cells(output, column):
    rows = [line.split("\u2502") for line in output.splitlines() if "\u2502" in line]
    return "".join(row[1 + column] for row in rows)


ROWS = [
    ("threshold", "float", "pump power at which superradiance sets in", "a/b/c.py"),
    (),
    ("heart", "[bold]", "", "d.py"),
]


def test_a_wide_terminal_shows_everything():
    output = printed(Fitted(COLUMNS, ROWS), 120)
    for text in (*ROWS[0], "[bold]", "d.py", *(column.title for column in COLUMNS)):
        assert text in output
    assert "no room" not in output


@pytest.mark.parametrize(
    ("width", "shown", "absent"),
    [
        (55, ["name", "meaning", "file"], ["kind"]),
        (40, ["name", "meaning"], ["file", "kind"]),
        (20, ["name"], ["file", "kind", "meaning"]),
    ],
)
def test_a_narrow_one_loses_the_least_important_columns(width, shown, absent):
    table = Fitted(COLUMNS, ROWS)
    assert [COLUMNS[index].title for index in table.kept(width)] == shown
    note = " ".join(printed(table, width).partition("no room for:")[2].split())
    assert sorted(note.split(", ")) == absent


def test_a_column_with_nothing_in_it_is_not_missed():
    output = printed(Fitted(COLUMNS, [("x", "", "", "")]), 80)
    assert "kind" not in output
    assert "no room" not in output
    assert "name" in printed(Fitted(COLUMNS, []), 80)


@given(st.lists(st.tuples(WORDS, TEXTS, TEXTS, TEXTS), max_size=4), st.integers(20, 90))
def test_no_letter_is_lost(rows, width):
    table = Fitted(COLUMNS, rows)
    output = printed(table, width)
    assert all(cell_len(line) <= width for line in output.splitlines())
    for place, index in enumerate(table.kept(width)):
        shown = cells(output, place).split()
        for row in rows:
            assert all(word in shown for word in row[index].split())


@given(st.lists(st.tuples(WORDS, TEXTS), max_size=4), st.integers(30, 90))
def test_pairs_keep_every_word_whole_and_in_order(rows, width):
    text = pairs(rows, width).plain
    assert text.split() == [
        word for label, value in rows for word in (label, *value.split())
    ]
    assert all(cell_len(line) <= width for line in text.splitlines())


def test_pairs():
    rows = [("memory", "heart"), ("file", "/a/long/path/to/a/file.h5")]
    assert pairs(rows, 60).plain == "memory  heart\nfile    /a/long/path/to/a/file.h5"
    assert pairs(rows, 30).plain == "memory  heart\nfile\n  /a/long/path/to/a/file.h5"


def test_a_pipe_has_no_edge(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert tables.console().width > 1000
    monkeypatch.setenv("COLUMNS", "61")
    assert tables.console().width == 61
