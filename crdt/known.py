"""What a replica knows already: clocks, where items hang, surrogate pairs; and so whether an update may come in.
Applying it, and what it does to files, is content.py's."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from pycrdt import get_update

from crdt.model import CLOSE_MALFORMED, FrameError, Limits
from crdt.protocol import encode_state_vector, malformed
from crdt.shape import place
from crdt.update import FILES_ROOT, IN_COMMENTS, Id, Places, Scan, broken_pairs, scan

# What the server wrote itself is as long as it is.
TRUSTED = Limits(
    structs_per_update_max=2**40,
    clients_per_update_max=2**40,
    deletes_per_update_max=2**40,
    files_max=2**40,
    comments_max=2**40,
    comment_bytes_max=2**60,
    document_clients_max=2**40,
    document_bytes_max=2**60,
)


@dataclass(slots=True)
class Admitted:
    """An update that passed every check. `gap`: it builds on something that is missing here."""

    update: bytes
    scan: Scan
    gap: bool = False
    known: bool = False  # brings nothing new for certain
    discusses: bool = False  # may change what is said about lines
    torn: set[Id] = field(default_factory=set)
    before: dict[int, int] = field(default_factory=dict)


class Known:
    """`files` are the ids that are there, `comments` the keys of what is said; `measure` tells the true size of the
    document when the sum is too large."""

    def __init__(
        self,
        limits: Limits,
        *,
        files: Callable[[], Collection[str]],
        comments: Callable[[], Collection[str]],
        measure: Callable[[], int],
    ) -> None:
        self._limits = limits
        self._files = files
        self._comments = comments
        self._measure = measure
        self.vector: dict[int, int] = {}
        self.places: Places = {}
        self.pairs: dict[int, set[int]] = {}
        self.size_bytes = 0
        self._held: list[bytes] = []
        # The clients that comments came from: only a deletion of something of theirs may take one away.
        self._commenting: set[int] = set()

    def start(self, state: bytes) -> None:
        """Begins from a whole state, which is taken as it is; the vector is set by who has applied it."""
        found = scan(state, TRUSTED)
        place(found, {}, {}, TRUSTED, trusted=True)
        self.places = dict(found.places)
        self._commenting = _commenting(found)
        self.pairs = found.pairs
        self.size_bytes = len(state)

    def admit(self, update: bytes, *, trusted: bool = False) -> Admitted:
        """Checks an update against the limits and the shape of a session; it must be applied (or dropped) next."""
        limits = TRUSTED if trusted else self._limits
        found = scan(update, limits)
        vector = self.vector
        item = Admitted(update, found)
        new = repeats = False
        for client, start in found.starts.items():
            have = vector.get(client, 0)
            if start > have:
                item.gap = True
            elif start < have:
                repeats = True
            if found.ends[client] > have:
                new = True
        for client, end in found.skips.items():
            # What our own log leaves out may be known; a client has no reason to leave anything out.
            if not trusted or end > vector.get(client, 0):
                item.gap = True
        for client, clock in found.needs.items():
            if clock >= vector.get(client, 0) and clock >= found.ends.get(client, 0):
                item.gap = True
        for client, end in found.delete_ends.items():
            if end > vector.get(client, 0) and end > found.ends.get(client, 0):
                item.gap = True
        item.known = not new and not found.delete_ends
        if item.known or item.gap:
            return item
        if repeats:
            item.update = update = self._news(update, found)
            item.scan = found = scan(update, limits)
        place(found, self.places, vector, limits, trusted=trusted)
        self._check_totals(found, limits)
        if found.places:
            commenting = _commenting(found)
            self._commenting |= commenting
            item.discusses = bool(commenting)
        if found.delete_ends and not self._commenting.isdisjoint(found.delete_ends):
            item.discusses = True
        if self.pairs or found.pairs:
            item.torn = self._torn(update, found, limits)
        for client, end in found.ends.items():
            have = vector.get(client, 0)
            if end > have:
                item.before[client] = have
                vector[client] = end
        if found.places:
            self.places.update(found.places)
        for client, pairs in found.pairs.items():
            self.pairs.setdefault(client, set()).update(pairs)
        self.size_bytes += found.size_bytes
        return item

    def _news(self, update: bytes, found: Scan) -> bytes:
        """`update` without what is known of it. An item that begins in what is known and goes on is cut there, so that it
        hangs on what comes before it, whatever it says itself: libraries believe both, and disagree over what follows."""
        vector = {client: self.vector[client] for client in found.starts if client in self.vector}
        try:
            return get_update(update, encode_state_vector(vector))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # PanicException of the library is no Exception.
            raise malformed("an update that cannot be cut") from None

    def _check_totals(self, found: Scan, limits: Limits) -> None:
        if self.size_bytes + found.size_bytes > limits.document_bytes_max:
            # The sum of all updates overstates a document that was much rewritten: look at it before refusing.
            self.size_bytes = self._measure()
            if self.size_bytes + found.size_bytes > limits.document_bytes_max:
                raise FrameError(CLOSE_MALFORMED, "the session is full", "document_bytes_max")
        if len(self.vector) + len(found.starts) > limits.document_clients_max:
            fresh = sum(1 for client in found.starts if client not in self.vector)
            if fresh and len(self.vector) + fresh > limits.document_clients_max:
                raise FrameError(CLOSE_MALFORMED, "the session has had too many clients", "document_clients_max")
        if found.places and len(self._files()) + len(found.places) > limits.files_max:
            keys = {p.key for p in found.places.values() if p.level == FILES_ROOT and p.holds == 1}
            if len(keys.difference(self._files())) + len(self._files()) > limits.files_max:
                raise FrameError(CLOSE_MALFORMED, f"a session has at most {limits.files_max} files", "files_max")
        if found.places and len(self._comments()) + len(found.places) > limits.comments_max:
            said = {p.key for p in found.places.values() if p.level == IN_COMMENTS}
            if said and len(said.union(self._comments())) > limits.comments_max:
                message = f"a session has at most {limits.comments_max} comments"
                raise FrameError(CLOSE_MALFORMED, message, "comments_max")

    def _torn(self, update: bytes, found: Scan, limits: Limits) -> set[Id]:
        cuts: list[Id] = []
        scan(update, limits, cuts)
        return broken_pairs(cuts, self.pairs) | broken_pairs(cuts, found.pairs)

    def drop(self, items: Iterable[Admitted]) -> None:
        """Takes back what `admit` noted of updates that will not be applied; the newest goes first."""
        for item in reversed(list(items)):
            for client, have in item.before.items():
                if have:
                    self.vector[client] = have
                else:
                    self.vector.pop(client, None)
            for key in item.scan.places:
                self.places.pop(key, None)
            self.size_bytes -= item.scan.size_bytes

    def note(self, update: bytes) -> None:
        """The server's own edit, which is in the replica already."""
        found = scan(update, TRUSTED)
        place(found, self.places, self.vector, TRUSTED, trusted=True)
        for client, end in found.ends.items():
            self.vector[client] = max(end, self.vector.get(client, 0))
        self.places.update(found.places)
        self._commenting |= _commenting(found)
        for client, pairs in found.pairs.items():
            self.pairs.setdefault(client, set()).update(pairs)
        self.size_bytes += found.size_bytes

    def brings_items(self, update: bytes) -> bool:
        """Whether there is anything in `update` that was written since, deletions aside."""
        found = scan(update, self._limits)
        return any(end > self.vector.get(client, 0) for client, end in found.ends.items())

    # -- updates that wait for what they build on ----------------------------------------------------------------

    def hold(self, item: Admitted) -> bool:
        """Keeps a gapped update aside until its base is here; False when there is no room for it."""
        if sum(map(len, self._held)) + len(item.update) > self._limits.pending_bytes_max:
            return False
        self.keep(item.update)
        return True

    def keep(self, update: bytes) -> None:
        if update not in self._held:
            self._held.append(update)

    def release_held(self) -> list[bytes]:
        """The kept updates, to be tried again now that something came."""
        held, self._held = self._held, []
        return held

    @property
    def holds_any(self) -> bool:
        return bool(self._held)


def _commenting(found: Scan) -> set[int]:
    return {client for (client, _), place in found.places.items() if place.level == IN_COMMENTS}
