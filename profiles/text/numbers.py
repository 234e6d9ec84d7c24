"""The decimal mark of a text table: evidence is gathered over all blocks, since the first row may hold whole numbers only."""

from __future__ import annotations

import re

import numpy as np

DIGITS = np.zeros(256, bool)
DIGITS[ord("0") : ord("9") + 1] = True
N_TRIED = 2000  # candidates of one block that are looked at
REACH = 40  # bytes around a candidate: no number is longer


class DecimalEvidence:
    """Feed it the body's blocks; `decimal` and `thousands` are what they say."""

    def __init__(self, separator: str) -> None:
        edge = re.escape(separator.encode())
        start, end = rb"(?:^|[" + edge + rb'\n"])\s*[-+]?', rb"(?:[eE][-+]?\d+)?\s*(?=[" + edge + rb'\n\r"]|$)'
        self._plain = re.compile(start + rb"(\d*\.\d+)" + end)
        self._comma = re.compile(start + rb"(\d*,\d+)" + end)
        self._grouped = re.compile(start + rb"(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+,\d+)" + end)
        self.sure_comma = self.grouped = self.point = ""
        self._asked = separator != ","

    def feed(self, block: bytes) -> None:
        """Look at whole lines."""
        if not self._asked or b"," not in block:
            if self._asked and not self.point and b"." in block:
                self.point = self._first(block, ord("."), self._plain)
            return
        if not self.point and b"." in block:
            self.point = self._first(block, ord("."), self._plain)
        if not self.sure_comma:
            self._commas(block)

    def _commas(self, block: bytes) -> None:
        for place in _candidates(block, ord(",")):
            found = self._around(block, place, self._comma)
            if found and not re.fullmatch(r"[1-9]\d{0,2},\d{3}", found):
                self.sure_comma = found
                return
            self.grouped = self.grouped or found or self._around(block, place, self._grouped)

    def _first(self, block: bytes, mark: int, pattern: re.Pattern[bytes]) -> str:
        return next((found for place in _candidates(block, mark) if (found := self._around(block, place, pattern))), "")

    def _around(self, block: bytes, place: int, pattern: re.Pattern[bytes]) -> str:
        start = max(0, place - REACH)
        for match in pattern.finditer(block[start : place + REACH]):
            if match.start(1) <= place - start < match.end(1):
                return match[1].decode("ascii", "replace")
        return ""

    @property
    def decimal(self) -> str:
        """The decimal mark that the numbers allow."""
        return "," if self.sure_comma and not self.point else "."

    @property
    def thousands(self) -> str:
        """An example of a number that the decimal mark does not explain."""
        return self.sure_comma if self.sure_comma and self.point else "" if self.sure_comma else self.grouped


def _candidates(block: bytes, mark: int) -> list[int]:
    """Places of the mark before a digit and behind a digit or the start of a cell."""
    view = np.frombuffer(block, np.uint8)
    places = np.flatnonzero(view == mark)
    places = places[(places > 0) & (places < len(view) - 1)]
    return [int(place) for place in places[DIGITS[view[places + 1]]][:N_TRIED]]
