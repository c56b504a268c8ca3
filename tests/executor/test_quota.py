"""Promises about who may run now and who waits."""

from __future__ import annotations

from executor.quota import Full, Quota, QuotaLimits, Ticket


def quota(**limits: int) -> Quota:
    return Quota(QuotaLimits(**limits))


def take(quota: Quota, actor: str) -> Ticket:
    ticket = quota.request(actor)
    assert isinstance(ticket, Ticket)
    return ticket


def test_an_actor_at_the_limit_waits_and_does_not_hold_up_others() -> None:
    room = quota(node_running_max=3, actor_running_max=1)
    first, second = take(room, "ada"), take(room, "ada")
    other = take(room, "bob")
    assert first.admitted.is_set() and other.admitted.is_set()
    assert not second.admitted.is_set() and second.position == 1
    room.release(first)
    assert second.admitted.is_set() and second.position == 0


def test_positions_count_from_one_and_move_up() -> None:
    room = quota(node_running_max=1, actor_running_max=9)
    running = take(room, "a")
    waiting = [take(room, "a") for _ in range(3)]
    assert [ticket.position for ticket in waiting] == [1, 2, 3]
    heard: list[int] = []
    waiting[2].on_position = heard.append
    room.release(waiting[0])  # given up while waiting
    room.release(running)
    assert waiting[1].admitted.is_set() and heard == [2, 1]


def test_the_queue_is_bounded_for_the_node_and_for_each_actor() -> None:
    room = quota(node_running_max=1, queue_max=3, actor_queue_max=2)
    for _ in range(3):
        take(room, "a")
    assert isinstance(room.request("a"), Full)
    take(room, "b")
    full = room.request("c")
    assert isinstance(full, Full) and full.retry_after_s > 0


def test_a_ticket_released_twice_frees_one_place() -> None:
    room = quota(node_running_max=1)
    first = take(room, "a")
    second, third = take(room, "b"), take(room, "c")
    room.release(first)
    room.release(first)
    assert second.admitted.is_set() and not third.admitted.is_set()
    assert (room.running_count, room.waiting_count) == (1, 1)
