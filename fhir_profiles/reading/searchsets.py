"""The pages of a search result, put together into the one searchset that they are (contract 4.1)."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from fhir_profiles.elements import EntrySearch, Link
from fhir_profiles.reading.decoding import UnreadableBody
from fhir_profiles.reading.frames import SEARCHSET, is_beside

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Page(NamedTuple):
    """One page: its entries unread, the address of the next page, and how many matches the server says there are.

    `next`: "" where there is another page, and nobody says where.
    """

    entries: tuple[msgspec.Raw, ...]
    own: str | None
    next: str | None
    total: int | None
    matches: int


class _Searchset(msgspec.Struct):
    resourceType: str
    type: str | None = None
    total: int | None = None
    link: tuple[Link, ...] = ()
    entry: tuple[msgspec.Raw, ...] = ()


class _Entry(msgspec.Struct):
    search: EntrySearch | None = None


class _Joined(msgspec.Struct):
    link: tuple[Link, ...]
    entry: tuple[msgspec.Raw, ...]
    resourceType: str = "Bundle"
    type: str = SEARCHSET


def read_page(body: bytes | msgspec.Raw) -> Page:
    """A page of a search result. Raises UnreadableBody for anything else, an OperationOutcome or half a page."""
    try:
        page = msgspec.json.decode(_without_mark(body), type=_Searchset)
        searches = [msgspec.json.decode(entry, type=_Entry).search for entry in page.entry]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UnreadableBody("not the page of a search result") from None
    if page.resourceType != "Bundle" or page.type not in (SEARCHSET, None):
        raise UnreadableBody("not the page of a search result")
    links = {link.relation: link.url or "" for link in page.link}
    matches = sum(not is_beside(search) for search in searches)
    return Page(page.entry, links.get("self") or None, links.get("next"), page.total, matches)


def _without_mark(body: bytes | msgspec.Raw) -> bytes | msgspec.Raw:
    return body.removeprefix(_BYTE_ORDER_MARK) if isinstance(body, bytes) else body


def join_pages(pages: Sequence[Page]) -> bytes:
    """One searchset with the entries of all pages, under the address that the first page gives as its own."""
    own = (Link(relation="self", url=pages[0].own),) if pages[0].own else ()
    return msgspec.json.encode(_Joined(own, tuple(entry for page in pages for entry in page.entries)))


def lacks_matches(pages: Sequence[Page]) -> bool:
    """Whether the server counts more matches than it gave, without a page that would hold the rest."""
    total = pages[0].total
    return total is not None and total > sum(page.matches for page in pages)
