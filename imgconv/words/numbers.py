"""Numbers and tables of numbers, as people and spreadsheets write them.

One reader serves inline kernels, .csv and .mat files, and numbers that YAML holds as text. It takes decimal points and
decimal commas, thousands set apart (``1,234.5``, ``1.234,5``, ``1'234.5``, and blanks that do not break), percentages
in cells, fractions, cells in quotes, and semicolons, tabs, commas or blanks between cells. What a comma is, is decided
for a table as a whole; where that cannot be told, the table is refused, and the message says how to write it.

Values are exact: an integer stays one, ``1/9`` is a fraction, and a decimal becomes the float nearest to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import isfinite
from typing import NamedTuple

from imgconv.errors import quoted

Number = int | float | Fraction

MAX_DIGITS = 300
"""The longest number, in characters; longer ones cannot be a float64 and take ever longer to convert."""

MAX_CELLS = 1001
"""The most cells in a row, and rows; no kernel has more taps on a side."""

# Not compiled here: most runs need none of them, and Python remembers those that it has compiled.
_NUMBER = r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
_GROUPED = r"([-+]?[1-9][0-9]{0,2})((?:%s[0-9]{3})+)(?![0-9])"
_APART = "'\u2019\u00a0\u202f\u2009"
"""What sets thousands apart besides commas and points: apostrophes, and blanks that do not break."""
_MINUS = "\u2212\u2013"
_MAYBE_THOUSANDS = r"[-+]?[1-9][0-9]{0,2}[.,][0-9]{3}"
_BLANK_THOUSANDS = r"[-+]?[1-9][0-9]{0,2}(?: [0-9]{3})+(?:[.,][0-9]*)?"
_BEGINS_DECIMALS = r"(?<=[0-9]),0[0-9]"
_ONE_NUMBER = r"[-+]?(?:[0-9]+(?:,[0-9]+)?(?:[eE][-+]?[0-9]+)?|[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?|[0-9.]+)%?"
_ONLY_DECIMALS = r"[-+]?0,[0-9]+"
_CELL = r' *(?:"((?:[^"]|"")*)" *(?=[{0}]|$)|([^{0}]*))(?:[{0}]|$)'


class TableError(ValueError):
    """A table that cannot be read; its message completes a sentence, `row`, `cell` and `column` count from 1 or are 0.

    `row` counts the lines that were given, `cell` the cells of a row, and `column` the characters of a line.
    """

    def __init__(self, problem: str, row: int = 0, cell: int = 0, column: int = 0) -> None:
        self.row, self.cell, self.column = row, cell, column
        super().__init__(problem)


class Table(NamedTuple):
    """Rows of numbers; `decimal` is the mark before decimals, and `lines` counts the line of every row from 1."""

    rows: list[list[Number]]
    lines: list[int]
    decimal: str


def number(text: str) -> Number:
    """Read one number: ``3`` as an int, ``0.5``, ``0,5`` or ``1e-3`` as a float, ``1/9`` as a fraction.

    Raises:
        ValueError: its message completes a sentence that begins with what is wrong.

    >>> number("1/9"), number("-2"), number(".5"), number("0,5"), number("1'234.5")
    (Fraction(1, 9), -2, 0.5, 0.5, 1234.5)
    """
    return _read(text, _decimal([text]))


def fraction(value: Number) -> Fraction:
    """Return `value` as the fraction that its decimal digits say: 0.1 becomes 1/10.

    >>> fraction(0.1), fraction(3)
    (Fraction(1, 10), Fraction(3, 1))
    """
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)


def _read(text: str, decimal: str) -> Number:
    """Read a number whose mark before decimals is known."""
    upper, slash, lower = text.strip().partition("/")
    if not slash:
        return _plain(upper, decimal)
    divisor = fraction(_plain(lower, decimal))
    if divisor == 0:
        raise ValueError(f"{quoted(text.strip())} divides by 0")
    return _finite(fraction(_plain(upper, decimal)) / divisor, text)


def _finite(value: Fraction, text: str) -> Fraction:
    try:
        float(value)
    except OverflowError:
        raise ValueError(f"{quoted(text.strip())} is too large") from None
    return value


def _plain(text: str, decimal: str) -> int | float:
    """Read a number that is no fraction."""
    text = text.strip()
    if not text:
        raise ValueError("a number is missing")
    digits = text
    if len(text) <= MAX_DIGITS and not re.fullmatch(_NUMBER, text, re.ASCII):
        digits = re.sub(f"[{_MINUS}]", "-", text)
        for mark in dict.fromkeys(re.findall(f"[{_APART}{'.' if decimal == ',' else ','}]", digits)):
            digits = _joined(digits, mark)
        if decimal == ",":
            digits = "?" if "." in digits else digits.replace(",", ".")
    elif decimal == "," and "." in text:  # which sets thousands apart, or nothing does
        digits = _joined(text, ".")
        digits = "?" if "." in digits else digits
    if len(text) > MAX_DIGITS or not re.fullmatch(_NUMBER, digits):
        raise ValueError(f"{quoted(text)} is not a number")
    value = float(digits)
    if not isfinite(value):
        raise ValueError(f"{quoted(text)} is too large")
    return int(digits) if digits.lstrip("+-").isdigit() else value


def _joined(text: str, mark: str) -> str:
    """Return a number without the mark that sets its thousands apart, if it does."""
    return re.sub(_GROUPED % re.escape(mark), lambda found: found[0].replace(mark, ""), text, count=1)


def _decimal(cells: Sequence[str]) -> str:
    """Return the mark before decimals in all the cells together.

    Raises:
        ValueError: they use both, or it cannot be told.
    """
    point = comma = unclear = ""
    for cell in cells:
        for part in cell.split("/") if "," in cell or cell.count(".") > 1 else ():
            part = re.sub(f"[{_APART}](?=[0-9]{{3}})", "", part.strip().rstrip("%").rstrip())
            points, commas = part.count("."), part.count(",")
            if points and commas:
                last = max(part.rfind("."), part.rfind(","))
                point, comma = (cell, comma) if part[last] == "." else (point, cell)
            elif commas > 1:
                point = cell
            elif points > 1:
                comma = cell
            elif commas and re.fullmatch(_MAYBE_THOUSANDS, part):
                unclear = cell
            elif commas:
                comma = cell
    if comma and not point:
        # A point with other than three digits behind it is no mark of thousands.
        plain = (cell for cell in cells if "." in cell and "," not in cell and cell.count(".") == 1)
        point = next((cell for cell in plain if not re.fullmatch(_MAYBE_THOUSANDS, cell.strip())), "")
    elif unclear and not point:
        point = next((cell for cell in cells if "." in cell), "")
    if comma and point:
        raise ValueError(f"{quoted(comma.strip())} has a decimal comma, but {quoted(point.strip())} a decimal point")
    if unclear and not comma and not point:
        shown = unclear.strip()
        ways = f"{quoted(shown.replace(',', '.'))} or {quoted(shown.replace(',', ''))}"
        raise ValueError(f"{quoted(shown)} may mean {ways}; write the one that is meant")
    return "," if comma else "."


def table(lines: Sequence[str], *, inline: bool = False, separator: str = "") -> Table:
    """Read a row of numbers from every line that holds something.

    Args:
        lines: without their ends.
        inline: the lines come from the command line, where nothing but commas and blanks separates, a blank line is
            an error, and a comma alone separates.
        separator: what alone separates cells; empty to find out.

    Raises:
        TableError: a line cannot be read, or it is unclear how.

    >>> table(["0,25;0,5", "1.000,5;-1/3"]).rows
    [[0.25, 0.5], [1000.5, Fraction(-1, 3)]]
    """
    numbered = [(at, line) for at, line in enumerate(lines, 1) if inline or line.strip()]
    if len(numbered) > MAX_CELLS:
        raise TableError(f"has more than {MAX_CELLS} rows")
    split = _splitter([line for _, line in numbered], inline, separator)
    cells = []
    for at, line in numbered:
        row = [text for _, text in split(line)]
        if len(row) > MAX_CELLS:
            raise TableError(f"has more than {MAX_CELLS} taps on a side", at)
        cells.append(row)
    if not inline:
        numbered, cells = _without_empty_edges(numbered, cells)
    flat = [cell for row in cells for cell in row]
    familiar = inline or 2 * sum(map(_looks_like_a_number, flat)) >= len(flat)
    if not familiar:  # what is in it may be anybody's, and no message quotes it
        raise TableError("is not a table of numbers")
    try:
        decimal = _decimal(flat)
    except ValueError as problem:
        raise TableError(str(problem)) from None
    rows: list[list[Number]] = []
    for (at, line), row in zip(numbered, cells, strict=True):
        numbers = []
        for number, cell in enumerate(row):
            try:
                numbers.append(_cell(cell, decimal))
            except ValueError as problem:
                places = split(line)
                raise TableError(str(problem), at, number + 1, places[number][0]) from None
        rows.append(numbers)
    return Table(rows, [at for at, _ in numbered], decimal)


def _cell(text: str, decimal: str) -> Number:
    if text.endswith("%"):
        return fraction(_read(text[:-1], decimal)) / 100
    return _read(text, decimal)


def _looks_like_a_number(cell: str) -> bool:
    return not cell or re.fullmatch(rf"[-+0-9.,eE/%\s{_APART}{_MINUS}]*[0-9][-+0-9.,eE/%\s{_APART}]*", cell) is not None


Split = Callable[[str], list[tuple[int, str]]]


def _splitter(lines: list[str], inline: bool, separator: str) -> Split:
    """Return what splits a line into cells with their columns, after looking at all the lines."""
    if separator:
        return lambda line: _between(line, re.escape(separator))
    bare = [re.sub(r'"[^"]*"', "", line) if '"' in line else line for line in lines]
    if not inline and any(";" in line or "\t" in line for line in bare):
        _refuse_blank_thousands(bare)
        return lambda line: _parted(_between(line, ";\t"))
    if not any("," in line for line in bare):
        return lambda line: _parted(_between(line, ","))
    split = [line.replace(" %", "%").split() for line in bare]
    words = [word for line in split for word in line]
    several = any(len(line) > 1 for line in split)
    single = all(re.fullmatch(_ONE_NUMBER, word) for word in words)
    marked = any(re.search(_BEGINS_DECIMALS, word) for word in words)
    if single and marked and not any("." in word for word in words):
        return _words
    alone = not inline and all(re.fullmatch(_ONLY_DECIMALS, word) for word in words)
    if marked or (single and several) or alone:
        remedy = "" if inline else ", or separate numbers with semicolons"
        raise TableError(f"its commas may separate numbers or begin decimals; write decimals as 0.5{remedy}")
    return lambda line: _parted(_between(line, ","))


def _refuse_blank_thousands(lines: list[str]) -> None:
    for at, line in enumerate(lines, 1):
        for cell in re.split("[;\t]", line):
            if re.fullmatch(_BLANK_THOUSANDS, cell.strip()):
                shown = cell.strip()
                ways = f"{quoted(shown.replace(' ', ''))} or {quoted(shown.replace(' ', ';'))}"
                raise TableError(f"{quoted(shown)} may be one number or several; write {ways}", at)


def _between(line: str, marks: str) -> list[tuple[int, str]]:
    """Return (column, text) of the cells between the marks; a cell in double quotes may hold some itself."""
    if '"' not in line:
        cells, column = [], 1
        for part in re.split(f"[{marks}]", line):
            cells.append((column + len(part) - len(part.lstrip(" ")), part.strip(" ")))
            column += len(part) + 1
        return cells
    cells, at = [], 0
    while at <= len(line):
        found = re.compile(_CELL.format(marks)).match(line, at)
        if found is None:  # a quote that nothing closes
            cells.append((at + 1, line[at:]))
            break
        text = found[1].replace('""', '"') if found[1] is not None else found[2]
        cells.append((found.start(1 if found[1] is not None else 2) + 1, text.strip(" ")))
        if found.end() == len(line) and (found.end() == at or not re.match(f"[{marks}]", line[-1])):
            break
        at = found.end()
    return cells


def _parted(cells: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return the cells with those that blanks divide in parts; blanks around a slash do not."""
    if not any(" " in text for _, text in cells):
        return cells
    found = []
    for column, text in cells:
        if " " not in text:
            found.append((column, text))
            continue
        joined = re.finditer(r"(?: *[/%] *|[^ ])+", text)
        found += [(column + word.start(), word[0].strip()) for word in joined]
    return found


def _words(line: str) -> list[tuple[int, str]]:
    return [(word.start() + 1, word[0]) for word in re.finditer(r"[^ ]+", line)]


def _without_empty_edges(
    numbered: list[tuple[int, str]], cells: list[list[str]]
) -> tuple[list[tuple[int, str]], list[list[str]]]:
    """Leave out what spreadsheets write around a table: rows of nothing but separators, and empty last columns."""
    held = [at for at, row in enumerate(cells) if any(row)]
    numbered, cells = [numbered[at] for at in held], [cells[at] for at in held]
    while cells and len({len(row) for row in cells}) == 1 and not any(row[-1] for row in cells):
        cells = [row[:-1] for row in cells]
    return numbered, cells
