"""Where a row is to be looked at."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from writ_async.errors import InputError
from writ_async.report.blocks import Link


def parse_viewer(address: str) -> str:
    """The address of a viewer that is up, without a slash at its end; empty for none. Raises `InputError`."""
    if not address:
        return ""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise InputError(f"--viewer {address}: is no address; give one such as http://127.0.0.1:8765")
    return address.rstrip("/")


def row_link(viewer: str, run: str, row_id: str) -> Link:
    """A row of the run that a viewer calls by this name; its id alone where no viewer is up."""
    return Link(row_id, f"{viewer}/#/row?key={quote(f'{run}/{row_id}', safe='')}" if viewer else "")
