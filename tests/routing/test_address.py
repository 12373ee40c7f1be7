"""The forms of `HOTLINE_REDIS_URL`."""

from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio import SSLConnection

from routing.board.address import Address, BadAddress, read

SENTINELS = (("s1.example", 26379), ("s2.example", 26380))


def test_one_server_is_what_redis_py_reads() -> None:
    where = read("rediss://user:p%40ss@db.example:6380/2?ssl_cert_reqs=none")
    assert (where.kind, where.nodes) == ("single", ())
    wanted = {"username": "user", "password": "p@ss", "host": "db.example", "port": 6380, "db": 2}
    assert {name: where.options[name] for name in wanted} == wanted
    assert where.options["connection_class"] is SSLConnection


def test_sentinels_are_asked_for_a_service_and_have_a_password_of_their_own() -> None:
    url = "redis+sentinel://u:p%2Cq@s1.example,s2.example:26380/board/3?sentinel_password=other"
    wanted = Address(
        "sentinel", SENTINELS, "board", {"username": "u", "password": "p,q", "db": 3}, {"password": "other"}
    )
    assert read(url) == wanted


def test_tls_is_for_sentinels_too_but_the_datas_password_is_not() -> None:
    where = read("rediss+sentinel://:secret@s1.example/board?ssl_ca_certs=/ca.pem")
    assert where.sentinel_options == {"ssl": True, "ssl_ca_certs": "/ca.pem"}
    assert where.options["connection_class"] is SSLConnection


@pytest.mark.parametrize(
    ("hosts", "nodes"),
    [
        ("n1.example", [("n1.example", 6379)]),
        ("n1.example:7000,n2.example:7001", [("n1.example", 7000), ("n2.example", 7001)]),
        ("[::1]:7000", [("::1", 7000)]),
    ],
)
def test_a_cluster_is_reached_by_any_of_its_nodes(hosts: str, nodes: Any) -> None:
    where = read(f"redis+cluster://:p@{hosts}/0")
    assert (where.kind, list(where.nodes), where.service) == ("cluster", nodes, "")
    assert where.options == {"password": "p"}


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://:secret@db.example", "must be redis://"),
        ("redis+magic://:secret@db.example", "must be redis://"),
        ("redis+://:secret@db.example", "must be redis://"),
        ("db.example:6379", "must be redis://"),
        ("redis+sentinel://:secret@s1.example", "names no service"),
        ("redis+sentinel://:secret@/board", "host without a name"),
        ("redis+sentinel://:secret@s1.example,/board", "host without a name"),
        ("redis+cluster://:secret@n1.example/2", "only database 0"),
        ("redis+cluster://:secret@n1.example:port", "cannot be read"),
        ("redis://:secret@db.example?socket_timeout=soon", "Invalid value for 'socket_timeout'"),
    ],
)
def test_what_cannot_be_used_is_said_in_words_and_without_its_password(url: str, why: str) -> None:
    with pytest.raises(BadAddress, match=why) as raised:
        read(url)
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None
