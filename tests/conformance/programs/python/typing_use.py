from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypedDict, TypeVar, get_type_hints, runtime_checkable

T = TypeVar("T")


class Stack(Generic[T]):
    def __init__(self) -> None:
        self.items: list[T] = []

    def push(self, item: T) -> Stack[T]:
        self.items.append(item)
        return self


class Movie(TypedDict, total=False):
    title: str
    year: int


class Row(NamedTuple):
    id: int
    name: str = "?"


@runtime_checkable
class Closes(Protocol):
    def close(self) -> None: ...


def apply(f: Callable[[int], T], items: Iterable[int], mode: Literal["a", "b"] = "a") -> list[T]:
    return [f(i) for i in items]


class Door:
    def close(self) -> None:
        pass


movie: Movie = {"title": "M", "year": 1931}
print(Stack[int]().push(1).push(2).items, movie, Row(1), Row(2, "b")._replace(id=9), Row(3)._asdict())
print(apply(str, [1, 2]), isinstance(Door(), Closes), isinstance(3, Closes))
print(sorted(get_type_hints(apply)), apply.__annotations__["mode"])
x: int | None = None
print(x, list[int] == list[int], Any)
