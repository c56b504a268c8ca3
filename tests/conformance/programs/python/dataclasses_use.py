from dataclasses import asdict, dataclass, field, replace


@dataclass(order=True)
class Item:
    price: float
    name: str = field(compare=False)
    tags: list[str] = field(default_factory=list, compare=False)

    def __post_init__(self):
        if self.price < 0:
            raise ValueError("price must not be negative")


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 0


a, b = Item(2.5, "tea"), Item(1.25, "bun", ["sweet"])
print(a, b < a, sorted([a, b])[0].name, asdict(b), a == Item(2.5, "other"))
p = Point(1)
print(p, replace(p, y=5), {p: 1}[Point(1, 0)])
try:
    p.x = 3
except AttributeError as error:
    print(type(error).__name__, error)
try:
    Item(-1, "bad")
except ValueError as error:
    print(error)
a
