from dataclasses import dataclass


@dataclass
class Point:
    x: int
    y: int


def describe(value):
    match value:
        case 0 | 1:
            return "bit"
        case int(n) if n < 0:
            return f"negative {n}"
        case str() as text:
            return f"text {text!r}"
        case []:
            return "empty"
        case [x]:
            return f"one {x}"
        case [first, *rest]:
            return f"{first} and {len(rest)} more"
        case {"type": "circle", "r": r, **other}:
            return f"circle {r} {other}"
        case Point(x=0, y=y):
            return f"on the y axis at {y}"
        case Point(x, y):
            return f"point {x},{y}"
        case None | True:
            return "constant"
        case _:
            return f"other {value}"


for value in [0, -5, "hi", [], [1], (1, 2, 3), {"type": "circle", "r": 2, "c": "red"}, Point(0, 3), Point(1, 2), None, 2.5]:
    print(describe(value))
