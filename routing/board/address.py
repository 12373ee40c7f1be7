"""From `HOTLINE_REDIS_URL` to a client: one server, a primary behind Sentinel, or a cluster.

Every key of a hotline lies in one slot, so at any moment one server answers for all of them. Behind Sentinel and in a
cluster each connection asks where that server is when it connects, and again after it was told or found otherwise. All
three have the same bounded pool and timeouts, and none retries (S1).
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from redis.asyncio import BlockingConnectionPool, Redis, SSLConnection
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool, SentinelManagedConnection
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import AskError, ConnectionError, RedisError

CONNECT_S = 0.4
"""The connect timeout in seconds: half of a move, so that one reconnect fits into it."""

ASK_S = 0.15
"""Seconds that one sentinel or cluster node may take to say where the primary is; two may hang within a move."""

SENTINEL_PORT = 26379
PORT = 6379

FORMS = (
    "redis://[user:password@]host:port[/db], unix:///path, redis+sentinel://[user:password@]host[:port],…/service[/db] "
    "or redis+cluster://[user:password@]host[:port],…; rediss… for TLS"
)


class BadAddress(ValueError):
    """The URL of the store cannot be used; the text says why and never repeats the URL, which holds a password."""


@dataclass(frozen=True)
class Address:
    """A store's URL, taken apart. `options` are what every connection to the data's servers is made with."""

    kind: str
    """`single`, `sentinel` or `cluster`."""
    nodes: tuple[tuple[str, int], ...]
    """Sentinels, or nodes of the cluster to ask first."""
    service: str
    options: dict[str, Any]
    sentinel_options: dict[str, Any]


def read(url: str) -> Address:
    """Take a store's URL apart, or raise `BadAddress`."""
    base, plus, kind = urlsplit(url).scheme.partition("+")
    if base not in ("redis", "rediss", "unix") or kind not in ("", "sentinel", "cluster") or (plus and not kind):
        raise BadAddress(f"the store's URL must be {FORMS}")
    try:
        if not kind:
            return Address("single", (), "", _options(url), {})
        return _many(url, base, kind)
    except ValueError as error:
        raise (
            error if isinstance(error, BadAddress) else BadAddress(f"the store's URL cannot be read: {_why(error)}")
        ) from None


def _why(error: ValueError) -> str:
    """Only redis-py's complaint about an option is sure to repeat no password."""
    text = str(error)
    return text if text.startswith("Invalid value for '") else f"must be {FORMS}"


def _options(url: str) -> dict[str, Any]:
    return dict(cast(dict[str, Any], parse_url(url)))


def _many(url: str, base: str, kind: str) -> Address:
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    port = SENTINEL_PORT if kind == "sentinel" else PORT
    nodes = tuple(_node(host, port) for host in hosts.split(","))
    service, _, db = parts.path.strip("/").partition("/")
    if kind == "sentinel" and not service:
        raise BadAddress("the store's URL names no service: redis+sentinel://host:port/service")
    if kind == "cluster":
        if (service or db) not in ("", "0"):
            raise BadAddress("a cluster has only database 0: leave the path of the store's URL empty")
        service = db = ""
    options = _options(f"{base}://{login}{at}nobody/{db}?{parts.query}")
    asking = {
        name.removeprefix("sentinel_"): options.pop(name) for name in list(options) if name.startswith("sentinel_")
    }
    del options["host"]
    return Address(kind, nodes, service, options, {**_tls(options), **asking})


def _node(text: str, port: int) -> tuple[str, int]:
    node = urlsplit(f"//{text.strip()}")
    if not node.hostname:
        raise BadAddress("the store's URL has a host without a name")
    return node.hostname, node.port or port


def _tls(options: dict[str, Any]) -> dict[str, Any]:
    """What sentinels share with the data's servers: TLS and its options, not the password."""
    tls = {name: value for name, value in options.items() if name.startswith("ssl_")}
    return {**tls, "ssl": True} if options.get("connection_class") is SSLConnection else tls


def client(url: str, tag: str, *, connections: int, socket_s: float | None, decode: bool = True) -> Redis:
    """A client for the keys that begin with `tag` (`{hl:<hotline>}`), without retries: redis-py's ten cost 9 s and more
    on a stopped server. A waiting command gets a connection within `CONNECT_S` or fails."""
    where = read(url)
    options: dict[str, Any] = {
        **where.options,
        "max_connections": connections,
        "timeout": CONNECT_S,
        "socket_timeout": socket_s,
        "socket_connect_timeout": CONNECT_S,
        "retry": _never(),
        "retry_on_error": [],
        "health_check_interval": 0,
        "decode_responses": decode,
        "protocol": 2,
    }
    if where.kind == "sentinel":
        return Redis.from_pool(_BehindSentinel(where.service, _sentinels(where), **_managed(options)))
    if where.kind == "cluster":
        return Redis.from_pool(_InCluster(where, key_slot(tag.encode()), **options))
    return Redis.from_pool(cast(Any, BlockingConnectionPool)(**options))


def _never() -> Retry:
    return Retry(NoBackoff(), 0)


def _asking() -> dict[str, Any]:
    """How sentinels and nodes are asked for the primary."""
    return {
        "socket_timeout": ASK_S,
        "socket_connect_timeout": ASK_S,
        "retry": _never(),
        "decode_responses": True,
        "protocol": 2,
    }


def _sentinels(where: Address) -> Sentinel:
    return cast(Any, Sentinel)(where.nodes, sentinel_kwargs={**_asking(), **where.sentinel_options})


def _managed(options: dict[str, Any]) -> dict[str, Any]:
    """redis-py chooses the sentinel's connection class by a flag."""
    tls = options.pop("connection_class", None) is SSLConnection
    return {**options, "ssl": tls}


class _BehindSentinel(SentinelConnectionPool, BlockingConnectionPool):  # pyright: ignore[reportUntypedBaseClass]
    """redis-py's pool of connections to the primary that the sentinels name, waiting its turn instead of failing."""

    async def aclose(self) -> None:
        await super().aclose()
        await cast(Any, self).sentinel_manager.aclose()


class _ClusterConnection(SentinelManagedConnection):
    """A connection to the node that owns the pool's slot; told that another does, it connects there the next time."""

    async def connect_to(self, address: tuple[str, int]) -> None:
        try:
            await super().connect_to(address)  # pyright: ignore[reportUnknownMemberType]
        except (RedisError, OSError):
            cast(Any, self).connection_pool.forget()
            raise

    async def read_response(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await cast(Any, super()).read_response(*args, **kwargs)
        except AskError as moved:  # MOVED is one of its kind
            cast(Any, self).connection_pool.forget()
            await self.disconnect()
            raise ConnectionError("the hotline's keys are on another node") from moved


class _ClusterTLS(_ClusterConnection, SSLConnection):
    pass


class _InCluster(BlockingConnectionPool):
    """Connections to the one node of a cluster that owns a slot."""

    is_master = True
    check_connection = False

    def __init__(self, where: Address, slot: int, **options: Any) -> None:
        tls = options.pop("connection_class", None) is SSLConnection
        cast(Any, super()).__init__(connection_class=_ClusterTLS if tls else _ClusterConnection, **options)
        cast(Any, self).connection_kwargs["connection_pool"] = weakref.proxy(self)
        login = {name: value for name, value in where.options.items() if name in ("username", "password")}
        self._ask = {**_asking(), **login, **_tls(where.options)}
        self._slot = slot
        self._nodes = list(where.nodes)
        self._owner: tuple[str, int] | None = None

    def forget(self) -> None:
        """The owner is not there, or not the owner: whoever connects next asks again."""
        self._owner = None

    async def get_master_address(self) -> tuple[str, int]:
        """The owner of the slot, from the first node that can say."""
        if self._owner is None:
            self._owner = await self._find()
        return self._owner

    async def _find(self) -> tuple[str, int]:
        for node in list(self._nodes):
            try:
                owner, others = await self._slots_from(node)
            except (RedisError, OSError):
                continue
            if owner:
                self._nodes = list(dict.fromkeys([node, *others, *self._nodes]))
                return owner
        raise ConnectionError("no node of the cluster says who owns the hotline's slot")

    async def _slots_from(self, node: tuple[str, int]) -> tuple[tuple[str, int] | None, list[tuple[str, int]]]:
        """What one node knows: the slot's owner, and every node it names."""
        async with Redis(host=node[0], port=node[1], **self._ask) as asked:
            found: Any = await cast(Any, asked).execute_command("CLUSTER SLOTS")
        owner, named = None, list[tuple[str, int]]()
        for first, last, *nodes in found:
            here = [(host or node[0], int(port)) for host, port, *_ in nodes]  # no name: the one that was asked
            named += here
            if first <= self._slot <= last:
                owner = here[0]
        return owner, named
