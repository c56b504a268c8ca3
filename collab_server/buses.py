"""Chooses the bus by the settings: Redis or a cluster of it where there is a URL, the process itself otherwise.
What a bus carries is never known here."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.exceptions import RedisError

from collab_server.settings import Settings
from crdt.bus import Bus, LocalBus
from crdt.bus_cluster import ClusterBus
from crdt.bus_redis import CONNECT_TIMEOUT_S, RedisBus


def make_bus(settings: Settings) -> Bus:
    """A bus that is not started yet."""
    if not settings.redis_url:
        return LocalBus()
    return ClusterBus(settings.redis_url) if settings.redis_cluster else RedisBus(settings.redis_url)


async def fault_of(settings: Settings) -> tuple[str, str] | None:
    """What is wrong with the Redis of the settings, and the mend; None when all is well."""
    for url in settings.redis_url.split(","):
        try:
            async with Redis.from_url(
                url.strip(), socket_connect_timeout=CONNECT_TIMEOUT_S, socket_timeout=CONNECT_TIMEOUT_S
            ) as redis:
                found = await redis.info()
        except (RedisError, OSError):
            continue
        is_cluster = bool(int(found.get("cluster_enabled", 0)))
        if is_cluster and not settings.redis_cluster and int(str(found["redis_version"]).split(".")[0]) >= 7:
            return "is a cluster, and each message goes to every server of it", "set COLLAB_REDIS_CLUSTER=true"
        if settings.redis_cluster and not is_cluster:
            return "is no cluster", "unset COLLAB_REDIS_CLUSTER"
        return None
    return "does not answer", "check COLLAB_REDIS_URL and that Redis runs; unset it for one node"
