"""What the headers of a server say, believed as far as they can be read; and where its redirects may lead."""

from __future__ import annotations

import email.utils
import ipaddress
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping
from email.message import Message
from typing import Any

from profiles.errors import BulkatlasError

MOST_DIGITS = 18


class DownloadFault(BulkatlasError):
    """A file could not be fetched, or is not the file that was published."""


class Refused(DownloadFault):
    """The server answered that it does not give the file: `code` is the status."""

    def __init__(self, said: str, code: int) -> None:
        super().__init__(said)
        self.code = code


class Redirects(urllib.request.HTTPRedirectHandler):
    """Redirects stay with the server that was asked, unless the content is checked against what the table says; nothing leads from https to http,
    to a file of this machine, or from the net into the network that this machine stands in.
    """

    max_redirections = 5

    def __init__(self, asked: str, *, is_checked: bool) -> None:
        self.asked, self.is_checked = urllib.parse.urlsplit(asked), is_checked

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> urllib.request.Request | None:
        """See HTTPRedirectHandler; raises DownloadFault for a redirect that is not followed."""
        new = urllib.parse.urlsplit(newurl)
        if new.scheme not in ("http", "https") or (self.asked.scheme == "https" and new.scheme != "https"):
            why = f"to {new.scheme or 'no'}://"
        elif new.hostname == self.asked.hostname:
            return super().redirect_request(req, fp, code, msg, headers, newurl)
        elif not self.is_checked:
            why = f"to another host, {str(new.hostname)[:80]}, and no checksum is published that would tell what comes from there"
        elif _is_inside(new.hostname or "") and not _is_inside(self.asked.hostname or ""):
            why = f"to {str(new.hostname)[:80]}, which lies in the network of this machine"
        else:
            return super().redirect_request(req, fp, code, msg, headers, newurl)
        raise DownloadFault(f"{self.asked.geturl()}: the server redirects {why}; it is not followed: fetch the file by hand")


def _is_inside(host: str) -> bool:
    """Whether a name is an address of this machine or of a private network."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith((".local", ".internal", ".localhost"))


def stated_length(url: str, headers: Message) -> int:
    """The Content-Length. Raises DownloadFault where it is no number."""
    length = number(headers.get("Content-Length") or "")
    if length is None:
        stated = str(headers.get("Content-Length"))[:40]
        raise DownloadFault(f"{url}: the server states a length that is none, {stated!r}; try again later, or fetch the file by hand")
    return length


def number(text: str) -> int | None:
    """A whole number of a header: ASCII digits, few enough to be one."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


def wish(text: str) -> float | None:
    """Seconds of a Retry-After, which is a number or a date (RFC 9110, 10.2.3); None where it is neither."""
    if (seconds := number(text)) is not None:
        return float(seconds)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def range_start(headers: Message) -> int | None:
    """The first byte of a part that was sent; None where that cannot be read."""
    start = (headers.get("Content-Range") or "").removeprefix("bytes ").partition("-")[0]
    return number(start)


def validator(headers: Mapping[str, str] | Message) -> str:
    """What If-Range may carry: a strong ETag, else the date of the last change (RFC 9110, 13.1.5)."""
    etag = headers.get("ETag") or ""
    return etag if etag and not etag.startswith("W/") else headers.get("Last-Modified") or ""
