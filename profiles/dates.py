"""Gene symbols that a spreadsheet turned into dates: MARCH1 -> 1-Mar, SEPT2 -> 2-Sep, DEC1 -> 2024-12-01.

The rule is the spreadsheet's own (Ziemann et al. 2016, doi:10.1186/s13059-016-1044-7): three or more first letters of a month's
English name and a number are a date. Which symbols that catches is computed from the gene table, not listed.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

MONTHS = ["JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY", "AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER"]
SYMBOL = re.compile(r"^([A-Z]{3,9})-?(\d{1,2})$")
DAY_MONTH = re.compile(r"^(\d{1,2})[-. /]([A-Za-z]{3,9})(?:[-. /](?:\d{2}|\d{4}))?$")
MONTH_DAY = re.compile(r"^([A-Za-z]{3,9})[-. /](\d{1,2})(?:[-., /]+(?:\d{2}|\d{4}))?$")
ISO = re.compile(r"^(?:19|20)\d\d-(\d\d)-(\d\d)(?:[T ]00:00(?::00)?)?$")
NUMBERS = re.compile(r"^(\d{1,2})[-./](\d{1,2})(?:[-./](?:\d{2}|\d{4}))?$")
SERIAL = re.compile(r"^\d{5}(?:\.0+)?$")
# A spreadsheet stores a date as days since this one (1900 system, with its leap-year error), in the year of the typing.
DAY_ZERO = datetime.date(1899, 12, 30)
YEARS_OF_TYPING = range(1995, 2036)


FIRST_LETTERS = frozenset(name[:3] for name in MONTHS)


def may_be_date(text: str) -> bool:
    """Whether a look at the first letters leaves it open that a cell is a date, or would become one: most names are told here."""
    return text[:1].isdigit() or text[:3].upper() in FIRST_LETTERS


def _month(letters: str) -> int | None:
    """The month whose English name begins with the letters."""
    return next((i for i, name in enumerate(MONTHS, start=1) if name.startswith(letters.upper())), None)


def symbol_dates(symbol: str) -> Iterator[tuple[int, int]]:
    """The (month, day) that a spreadsheet makes of a symbol as it is typed: none or one."""
    match = SYMBOL.match(symbol)
    month = _month(match.group(1)) if match else None
    if match and month and _is_day(month, int(match.group(2))):
        yield month, int(match.group(2))


def dates_of(text: str) -> set[tuple[int, int]]:
    """The (month, day) pairs that a cell may be the date of; numbers alone may be read in either order."""
    if match := ISO.match(text):
        pairs = [(int(match.group(1)), int(match.group(2)))]
    elif match := DAY_MONTH.match(text):
        pairs = [(_month(match.group(2)) or 0, int(match.group(1)))]
    elif match := MONTH_DAY.match(text):
        pairs = [(_month(match.group(1)) or 0, int(match.group(2)))]
    elif match := NUMBERS.match(text):
        first, second = int(match.group(1)), int(match.group(2))
        pairs = [(first, second), (second, first)]
    elif SERIAL.match(text):
        date = DAY_ZERO + datetime.timedelta(days=int(text.split(".")[0]))
        pairs = [(date.month, date.day)] if date.year in YEARS_OF_TYPING else []
    else:
        pairs = []
    return {(month, day) for month, day in pairs if _is_day(month, day)}


def is_date(text: str) -> bool:
    """Whether a cell is a date as spreadsheets write them."""
    return may_be_date(text) and bool(dates_of(text))


def _is_day(month: int, day: int) -> bool:
    if not 1 <= month <= 12:
        return False
    # 2000 was a leap year: 29 February is a day.
    return 1 <= day <= (datetime.date(2000 + month // 12, month % 12 + 1, 1) - datetime.date(2000, month, 1)).days
