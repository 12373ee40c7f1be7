"""What it looks like when a store does not answer."""

from __future__ import annotations

import asyncpg
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

#: Postgres is away, or going away: the driver's errors come wrapped or as they are.
RECORD_AWAY = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
REDIS_AWAY = (RedisError, OSError, TimeoutError)
