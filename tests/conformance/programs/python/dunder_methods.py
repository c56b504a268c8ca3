class Vector:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)

    def __mul__(self, k):
        return Vector(self.x * k, self.y * k)

    __rmul__ = __mul__

    def __eq__(self, other):
        return isinstance(other, Vector) and (self.x, self.y) == (other.x, other.y)

    def __hash__(self):
        return hash((self.x, self.y))

    def __iter__(self):
        yield self.x
        yield self.y

    def __getitem__(self, index):
        return (self.x, self.y)[index]

    def __len__(self):
        return 2

    def __bool__(self):
        return bool(self.x or self.y)

    def __call__(self, scale):
        return scale * self

    def __repr__(self):
        return f"<{self.x}, {self.y}>"

    def __format__(self, spec):
        return f"({self.x:{spec}}; {self.y:{spec}})"

    def __contains__(self, item):
        return item in (self.x, self.y)

    def __enter__(self):
        print("enter")
        return self

    def __exit__(self, kind, value, trace):
        print("exit", kind and kind.__name__)
        return True


v = Vector(1, 2) + 3 * Vector(2, 2)
print(v, list(v), v[0], v[-1], len(v), v == Vector(7, 8), v != Vector(0, 0), bool(Vector(0, 0)))
print({v: "here"}[Vector(7, 8)], v(2), f"{v:.2f}", 8 in v, max(v))
with v as same:
    print(same is v)
    raise ValueError("swallowed")
try:
    v.z = 1
except AttributeError:
    print("no z")
