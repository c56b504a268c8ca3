"""Every bound and time of the client, with its unit last."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Give `connect` another one to change any of these.

    connect_s: for one attempt to connect, and for `client.open` as a whole.
    answer_s: from a question on the WebSocket to its answer, reconnecting included.
    request_s: silence of one REST request that is waited for.
    retry_s: how long a REST request that may be repeated is tried again while the server is away.
    silence_s: a WebSocket that does not answer a ping for so long is given up and made anew.
    run_quiet_s: a run that says nothing for so long is asked for what was missed.
    changes_queue_max: changes that wait for a slow reader; beyond it they become one difference per file.
    run_queue_events_max: events that wait for a slow reader; beyond it the rest is fetched from the server later.
    """

    connect_s: float = 10.0
    answer_s: float = 30.0
    request_s: float = 60.0
    retry_s: float = 30.0
    backoff_first_s: float = 0.1
    backoff_max_s: float = 10.0
    overloaded_s: float = 1.0
    silence_s: float = 20.0
    run_quiet_s: float = 15.0
    gap_replays_max: int = 4
    gap_replay_s: float = 0.5
    changes_queue_max: int = 10_000
    run_queue_events_max: int = 10_000
    early_events_max: int = 1_000
    outbox_bytes_max: int = 64 * 2**20
    frame_bytes_max: int = 256 * 2**20
    event_bytes_max: int = 64 * 2**20
