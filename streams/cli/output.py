"""What commands print: JSON for machines, columns for people; data to stdout, talk to stderr."""

import os
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import zip_longest
from textwrap import wrap
from typing import Any

import click

READABLE = 100
"""Characters a line that people read without scrolling."""
BLANK = " "
"""A cell that is left empty because the one above it says so."""
_GAP = "  "
_ALARMING = frozenset({"breached", "dead", "undeliverable", "failed", "dead-letter", "refused"})


def print_json(document: object) -> None:
    """Print one JSON document."""
    import orjson

    click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))


def print_json_lines(objects: Iterable[object]) -> None:
    """Print one JSON object a line, all of them with one flush."""
    import orjson

    lines = b"".join([orjson.dumps(each) + b"\n" for each in objects])
    if lines:
        click.echo(lines, nl=False)


def say(text: str) -> None:
    """Talk to whoever sits at the terminal; never data."""
    click.echo(text, err=True)


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    none: str,
    width_max: int | None = None,
) -> None:
    """Print rows in aligned columns under their names; `none` is said where there are no rows.

    With `width_max`, cells are broken between words so that a line has no more characters, where
    words let it.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    if not cells:
        say(none)
        return
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    if width_max is not None:
        widths = _narrowed(widths, [columns, *cells], width_max)

    def lines(row: Sequence[str]) -> list[str]:
        return _broken(row, widths) if width_max is not None else [_line(row, widths)]

    for line in lines(columns):
        click.echo(_styled(line, bold=True))
    for row in cells:
        for line in lines(row):
            click.echo(_styled(line, fg="red") if _ALARMING & {*row} else line)


def print_fields(fields: Iterable[tuple[str, object]], *, width_max: int | None = None) -> None:
    """Print names and values, one pair a line, the values aligned.

    With `width_max`, values are broken between words so that a line has no more characters.
    """
    pairs = [(name, _cell(value)) for name, value in fields]
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        if width_max is None:
            click.echo(f"{name.ljust(width)}{_GAP}{value}".rstrip())
            continue
        for line in _broken([name, value], [width, width_max - width - len(_GAP)]):
            click.echo(line)


def local(instant: int | None) -> str:
    """Write an instant as people in Finland read it: local date and time, to the minute."""
    from streams.domain.calendar import HELSINKI, moment
    from streams.domain.ids import Instant

    if instant is None:
        return "-"
    at: datetime = moment(Instant(instant)).astimezone(HELSINKI)
    return at.strftime("%Y-%m-%d %H:%M")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return _GAP.join(padded).rstrip()


def _narrowed(widths: list[int], rows: Sequence[Sequence[str]], width_max: int) -> list[int]:
    """Take from the widest column that can give, until the line fits or no word can be spared."""
    columns = zip(*rows, strict=True)
    least = [
        max(len(word) for cell in column for word in [*cell.split(), ""]) for column in columns
    ]
    narrowed = list(widths)
    room = width_max - len(_GAP) * (len(widths) - 1)
    while sum(narrowed) > room:
        can_give = [place for place, width in enumerate(narrowed) if width > least[place]]
        if not can_give:
            break
        narrowed[max(can_give, key=lambda place: narrowed[place])] -= 1
    return narrowed


def _broken(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    cells = [
        wrap(cell, max(width, 1), break_long_words=False, break_on_hyphens=False)
        for cell, width in zip(row, widths, strict=True)
    ]
    return [_line(cut, widths) for cut in zip_longest(*cells, fillvalue="")]


def _cell(value: object) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "-"
    return str(value)


def _styled(text: str, **style: Any) -> str:  # noqa: ANN401  # click's own names of styles
    colourless = "NO_COLOR" in os.environ or not sys.stdout.isatty()
    return text if colourless else click.style(text, **style)
