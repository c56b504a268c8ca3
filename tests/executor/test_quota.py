"""Promises about which runs of a node go on and which wait."""

from __future__ import annotations

from executor.quota import Full, Quota, QuotaLimits, Ticket


def quota(**limits: int) -> Quota:
    return Quota(QuotaLimits(**limits))


def take(quota: Quota, *, let: bool = True) -> Ticket:
    ticket = quota.request()
    assert isinstance(ticket, Ticket)
    if let:
        quota.let(ticket)
    return ticket


def test_who_has_to_wait_for_runs_elsewhere_does_not_hold_up_others() -> None:
    room = quota(node_running_max=2)
    held = take(room, let=False)
    first, second, third = take(room), take(room), take(room)
    assert first.admitted.is_set() and second.admitted.is_set()
    assert not held.admitted.is_set() and held.position == 1 and third.position == 2
    room.let(held)
    room.release(first)
    assert held.admitted.is_set() and held.position == 0 and not third.admitted.is_set()


def test_positions_count_from_one_and_move_up() -> None:
    room = quota(node_running_max=1)
    running = take(room)
    waiting = [take(room) for _ in range(3)]
    assert [ticket.position for ticket in waiting] == [1, 2, 3]
    heard: list[int] = []
    waiting[2].on_position = heard.append
    room.release(waiting[0])  # given up while waiting
    room.release(running)
    assert waiting[1].admitted.is_set() and heard == [2, 1]


def test_the_queue_is_bounded_for_the_node() -> None:
    room = quota(node_running_max=1, queue_max=3)
    for _ in range(4):
        take(room)
    full = room.request()
    assert isinstance(full, Full) and full.retry_after_s > 0


def test_a_ticket_released_twice_frees_one_place() -> None:
    room = quota(node_running_max=1)
    first = take(room)
    second, third = take(room), take(room)
    room.release(first)
    room.release(first)
    assert second.admitted.is_set() and not third.admitted.is_set()
    assert (room.running_count, room.waiting_count) == (1, 1)
