from abc import ABC, abstractmethod
from collections.abc import Iterator, MutableMapping, Sized


class Countdown(Iterator):
    def __init__(self, n):
        self.n = n

    def __next__(self):
        if self.n == 0:
            raise StopIteration
        self.n -= 1
        return self.n + 1


class LowerDict(MutableMapping):
    def __init__(self):
        self.data = {}

    def __getitem__(self, key):
        return self.data[key.lower()]

    def __setitem__(self, key, value):
        self.data[key.lower()] = value

    def __delitem__(self, key):
        del self.data[key.lower()]

    def __iter__(self):
        return iter(self.data)

    def __len__(self):
        return len(self.data)


class Animal(ABC):
    @abstractmethod
    def speak(self): ...


class Dog(Animal):
    def speak(self):
        return "woof"


print(list(Countdown(3)), sum(Countdown(4)), isinstance(LowerDict(), Sized))
d = LowerDict()
d["ABC"] = 1
d.update({"Def": 2})
print(d["abc"], "DEF" in d, list(d), d.pop("def"), d.get("x"), dict(d))
print(Dog().speak())
try:
    Animal()
except TypeError as error:
    print("TypeError", "abstract" in str(error))
print(list(iter([3, 2, 0, 1].pop, 0)), next(iter([]), None))
for i in range(5):
    if i == 3:
        break
else:
    print("not reached")
for _ in []:
    pass
else:
    print("else runs")
i = 0
while True:
    i += 1
    if i % 2:
        continue
    if i > 5:
        break
print(i)
