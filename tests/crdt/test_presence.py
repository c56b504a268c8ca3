"""A connection speaks only for itself, and only as long as it is alive."""

from __future__ import annotations

import orjson

from crdt.model import Limits
from crdt.presence import DEPARTED_S, Presence
from crdt.protocol import AwarenessEntry
from tests.crdt.clients import Clock, person


def entry(client_id: int, clock: int, state: object = None) -> AwarenessEntry:
    return AwarenessEntry(client_id, clock, orjson.dumps({} if state is None else state))


def gone(client_id: int, clock: int) -> AwarenessEntry:
    return AwarenessEntry(client_id, clock, b"null")


def make(clock: Clock | None = None) -> Presence:
    return Presence(Limits(), ticks=clock or Clock())


def test_the_first_id_of_a_connection_is_its_own_and_no_second() -> None:
    presence = make()
    assert presence.receive("a", person("ann"), [entry(1, 1)]) == [1]
    assert presence.receive("a", person("ann"), [entry(2, 1)]) == []
    assert presence.receive("b", person("bob"), [entry(1, 9), gone(1, 9)]) == []
    assert len(presence) == 1


def test_an_echo_of_what_others_said_is_no_news() -> None:
    presence = make()
    presence.receive("a", person("ann"), [entry(1, 1)])
    presence.receive("b", person("bob"), [entry(2, 1)])
    assert presence.receive("b", person("bob"), presence.entries()) == []


def test_an_echo_of_who_left_does_not_bring_them_back() -> None:
    presence = make()
    presence.receive("a", person("ann"), [entry(1, 5)])
    presence.leave("a")
    assert presence.receive("b", person("bob"), [entry(1, 5)]) == []
    assert len(presence) == 0


def test_a_renewal_counts_and_an_older_state_does_not() -> None:
    presence = make()
    presence.receive("a", person("ann"), [entry(1, 5, {"x": 1})])
    assert presence.receive("a", person("ann"), [entry(1, 5, {"x": 2}), entry(1, 4, {"x": 3})]) == []
    assert presence.receive("a", person("ann"), [entry(1, 6, {"x": 4})]) == [1]
    assert orjson.loads(presence.entries()[0].state)["x"] == 4
    assert presence.receive("a", person("ann"), [gone(1, 6)]) == [1]
    assert presence.entries([1]) == [gone(1, 6)]


def test_who_comes_back_under_the_same_id_is_news_to_everyone() -> None:
    presence = make()
    presence.receive("a", person("ann"), [entry(1, 5)])
    presence.leave("a")
    assert presence.receive("a2", person("ann"), [entry(1, 5)]) == [1]
    assert presence.entries()[0].clock > 5


def test_a_reconnect_takes_over_from_the_half_open_connection() -> None:
    presence = make()
    presence.receive("old", person("ann"), [entry(1, 5)])
    assert presence.receive("new", person("ann"), [entry(1, 5)]) == [1]
    assert presence.leave("old") == []
    assert presence.leave("new") == [1]


def test_the_silent_expire_and_the_lasting_stay() -> None:
    clock = Clock()
    presence = make(clock)
    presence.receive("a", person("ann"), [entry(1, 1)])
    presence.set("bot", person("bot"), 2, {"cursor": 1})
    clock.pass_by(31)
    assert presence.expire() == [1]
    assert presence.refresh() == [2]
    assert presence.entries([2])[0].clock == 2
    clock.pass_by(DEPARTED_S + 1)
    assert presence.receive("b", person("bob"), [entry(1, 1)]) == [1]


def test_what_is_no_object_is_dropped() -> None:
    presence = make()
    for raw in (b"[1]", b"3", b"{", b"\xff", b"[" * 5_000):
        assert presence.receive("a", person("ann"), [AwarenessEntry(1, 1, raw)]) == []
    assert presence.set("a", person("ann"), 1, {"x": "y" * 100_000}) is False


def test_another_node_speaks_for_its_own_people_only() -> None:
    presence = make()
    presence.receive("a", person("ann"), [entry(1, 3)])
    assert presence.merge("node:x", [entry(2, 1, {"user": {"id": "id-bob"}}), gone(1, 9)]) == [2]
    assert presence.local_ids(node_prefix="node:") == [1]
    assert presence.leave("node:x") == [2]
    assert len(presence) == 1
