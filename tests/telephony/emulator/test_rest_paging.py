"""Lists page by page: every row exactly once, whatever the sizes, also when rows come and go between two pages."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.emulator.refusal import Refusal
from telephony.emulator.rest_paging import MAX_PAGE_SIZE, Ordinals, cut, list_body, read_page_request


class Rows:
    """A list resource without a network: rows are their own keys, oldest first."""

    def __init__(self, count: int) -> None:
        self.keys = [f"CA{number:032x}" for number in range(count)]
        self.ordinals = Ordinals()

    def get(self, address: str) -> dict:
        """What a GET of this address would answer."""
        query = parse_qsl(urlsplit(address).query)
        request = read_page_request(dict(query))
        self.ordinals.note(self.keys)
        page = cut([{"sid": key} for key in reversed(self.keys)], lambda row: row["sid"], self.ordinals, request)
        return list_body("calls", "/Calls.json", query, request, page)


def sids(body: dict) -> list[str]:
    return [row["sid"] for row in body["calls"]]


@given(count=st.integers(0, 60), sizes=st.lists(st.integers(1, 20), min_size=1))
def test_pages_of_any_sizes_give_every_row_exactly_once_newest_first(count: int, sizes: list[int]) -> None:
    rows, seen, turn = Rows(count), [], 0
    address: str | None = f"/Calls.json?PageSize={sizes[0]}"
    while address:
        body = rows.get(address)
        seen += sids(body)
        turn += 1
        address = body["next_page_uri"]
        if address:
            address = address.replace(f"PageSize={body['page_size']}", f"PageSize={sizes[turn % len(sizes)]}")
    assert seen == list(reversed(rows.keys))


@given(count=st.integers(1, 40), size=st.integers(1, 9), births=st.integers(0, 9), deaths=st.sets(st.integers(0, 39)))
def test_rows_that_come_or_go_between_pages_repeat_and_hide_nothing(
    count: int, size: int, births: int, deaths: set[int]
) -> None:
    rows = Rows(count)
    body = rows.get(f"/Calls.json?PageSize={size}")
    seen = sids(body)
    gone = {f"CA{number:032x}" for number in deaths}
    rows.keys = [key for key in rows.keys if key not in gone] + [f"CA{count + n:032x}" for n in range(births)]
    while body["next_page_uri"]:
        body = rows.get(body["next_page_uri"])
        seen += sids(body)
    assert len(seen) == len(set(seen))
    assert {f"CA{number:032x}" for number in range(count)} - gone <= set(seen)


@given(count=st.integers(0, 60), size=st.integers(1, 20))
def test_walking_back_gives_the_same_pages(count: int, size: int) -> None:
    rows = Rows(count)
    forth = [rows.get(f"/Calls.json?PageSize={size}")]
    while forth[-1]["next_page_uri"]:
        forth.append(rows.get(forth[-1]["next_page_uri"]))
    back = [forth[-1]]
    while back[-1]["previous_page_uri"]:
        back.append(rows.get(back[-1]["previous_page_uri"]))
    assert [sids(body) for body in reversed(back)] == [sids(body) for body in forth]
    assert [body["page"] for body in reversed(back)] == [body["page"] for body in forth]


def test_the_filters_stay_in_every_address_and_the_numbers_are_the_documented_ones() -> None:
    rows = Rows(5)
    body = rows.get("/Calls.json?Status=completed&To=%2B12025550123&StartTime%3E=2026-01-01&PageSize=2&Page=1")
    assert (body["page"], body["page_size"], body["start"], body["end"]) == (1, 2, 2, 3)
    for name in ("uri", "first_page_uri", "next_page_uri", "previous_page_uri"):
        query = dict(parse_qsl(urlsplit(body[name]).query))
        assert query["To"] == "+12025550123"
        assert query["Status"] == "completed"
        assert query["StartTime>"] == "2026-01-01"
    assert dict(parse_qsl(urlsplit(body["next_page_uri"]).query))["PageToken"] == f"PACA{1:032x}"
    assert dict(parse_qsl(urlsplit(body["previous_page_uri"]).query))["PageToken"] == f"PBCA{2:032x}"


def test_an_empty_list_starts_and_ends_at_0_and_has_no_neighbours() -> None:
    body = Rows(0).get("/Calls.json")
    assert body["calls"] == []
    assert (body["start"], body["end"], body["page_size"]) == (0, 0, 50)
    assert body["next_page_uri"] is None
    assert body["previous_page_uri"] is None


def test_more_rows_than_the_most_are_not_given() -> None:
    assert read_page_request({"PageSize": "5000"}).size == MAX_PAGE_SIZE


@pytest.mark.parametrize("query", [{"PageSize": "0"}, {"PageSize": "x"}, {"Page": "-1"}, {"PageToken": "PAnobody"}])
def test_nonsense_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(Refusal):
        cut(["a"], str, Ordinals(), read_page_request(query))
