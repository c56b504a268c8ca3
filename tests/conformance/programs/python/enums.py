from enum import Enum, Flag, IntEnum, StrEnum, auto, unique


class Color(Enum):
    RED = 1
    GREEN = "g"

    @property
    def pretty(self):
        return self.name.title()


class Level(IntEnum):
    LOW = auto()
    HIGH = auto()


class Perm(Flag):
    R = auto()
    W = auto()
    X = auto()


class Kind(StrEnum):
    CAT = auto()
    DOG = auto()


print(Color.RED, repr(Color.GREEN), Color("g").pretty, Color["RED"].value, list(Color))
print(Level.HIGH > Level.LOW, Level.HIGH + 1, f"{Kind.CAT} {Kind.DOG.upper()}", Kind("dog") is Kind.DOG)
rw = Perm.R | Perm.W
print(rw, Perm.X in rw, bool(rw & Perm.R), ~rw)
try:
    Color(5)
except ValueError as error:
    print(error)
try:

    @unique
    class Twice(Enum):
        A = 1
        B = 1
except ValueError as error:
    print(error)
