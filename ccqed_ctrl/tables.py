"""Tables for terminals of any width: a narrow one loses columns, not letters."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

#: A text that wraps is not squeezed below this, characters.
READABLE: Final = 20

#: A file or pipe has no edge.
_ENDLESS: Final = 10_000


@dataclass(frozen=True)
class Column:
    """One column.

    rank: the highest goes first where there is no room, 0 never. wraps: its cells may
    be broken between words.
    """

    title: str
    rank: int = 0
    wraps: bool = False


@dataclass(frozen=True)
class Fitted:
    """A table, to be printed by rich, that leaves out what does not fit and says so.

    Columns with nothing in them are left out, too.

    rows: one text (or styled `Text`) per column; an empty row draws a line.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[str | Text]]

    def kept(self, width: int) -> list[int]:
        """Return the columns, by index, that fit into `width` characters."""
        filled = {i for row in self.rows for i, cell in enumerate(row) if cell}
        kept = sorted(filled) or [0]
        while sum(self._needs(index) + 3 for index in kept) + 1 > width:
            last = max(kept, key=lambda index: self.columns[index].rank)
            if self.columns[last].rank == 0:
                break
            kept.remove(last)
        return kept

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        kept = self.kept(options.max_width)
        wanted = self.kept(_ENDLESS)
        absent = [self.columns[index].title for index in wanted if index not in kept]
        caption = f"no room for: {', '.join(absent)}" if absent else None
        table = Table(caption=caption, caption_justify="left")
        for index in kept:
            column = self.columns[index]
            table.add_column(column.title, overflow="fold", no_wrap=not column.wraps)
        for row in self.rows:
            if not row:
                table.add_section()
                continue
            cells = [row[index] for index in kept]
            table.add_row(*(Text(c) if isinstance(c, str) else c for c in cells))
        yield table

    def _needs(self, index: int) -> int:
        """Return how many characters a column cannot do without."""
        cells = [str(row[index]) for row in self.rows if row]
        lines = [line for cell in cells for line in cell.splitlines()]
        title = _longest(self.columns[index].title.split())
        if not self.columns[index].wraps:
            return max(title, _longest(lines))
        words = [word for line in lines for word in line.split()]
        return max(title, _longest(words), min(READABLE, _longest(lines)))


def pairs(rows: Sequence[tuple[str, str]], width: int) -> Text:
    """Return label and value, line by line; long values go on below themselves.

    Nothing is broken but between words: a path stays whole.
    """
    indent = _longest([label for label, _ in rows]) + 2
    text = Text()
    for label, value in rows:
        words = _longest(value.split())
        left = indent if indent + words <= width else 2
        lines = textwrap.wrap(
            value, max(width - left, 1), break_long_words=False, break_on_hyphens=False
        )
        text.append(label, "bold")
        text.append(" " * (indent - cell_len(label)) if left == indent else "\n  ")
        text.append(f"\n{' ' * left}".join(lines) + "\n")
    text.rstrip()
    return text


def console() -> Console:
    """Return standard output: as wide as the terminal, endless in a file or pipe."""
    edge = sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdecimal()
    return Console(highlight=False, width=None if edge else _ENDLESS)


def _longest(texts: Sequence[str]) -> int:
    return max(map(cell_len, texts), default=0)
