import functools
import operator


@functools.lru_cache(maxsize=2)
def slow(n):
    print("computing", n)
    return n * n


@functools.total_ordering
class Version:
    def __init__(self, text):
        self.parts = tuple(map(int, text.split(".")))

    def __eq__(self, other):
        return self.parts == other.parts

    def __lt__(self, other):
        return self.parts < other.parts

    @functools.cached_property
    def major(self):
        print("once")
        return self.parts[0]


@functools.singledispatch
def describe(value):
    return f"something {value}"


@describe.register
def _(value: int):
    return f"number {value}"


@describe.register(list)
def _(value):
    return f"list of {len(value)}"


print(slow(2), slow(2), slow(3), slow(4), slow(2), slow.cache_info())
print(functools.reduce(operator.mul, range(1, 6)), functools.partial(int, base=2)("1010"))
v = Version("1.10")
print(v > Version("1.9"), v >= Version("1.10"), v.major, v.major)
print(describe(3), describe([1]), describe("x"))
print(sorted(["b", "A"], key=functools.cmp_to_key(lambda a, b: (a.lower() > b.lower()) - (a.lower() < b.lower()))))
