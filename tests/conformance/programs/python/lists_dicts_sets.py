numbers = [5, 3, 8, 1]
numbers.append(9)
numbers.insert(1, 7)
numbers.extend([2, 2])
print(numbers, numbers.pop(), numbers.index(8), sorted(numbers, reverse=True), min(numbers), sum(numbers))
numbers.sort(key=lambda n: (n % 2, n))
print(numbers, numbers[::2], [n for n in numbers if n > 3], 3 in numbers)
del numbers[1:3]
numbers[0:2] = ["a", "b", "c"]
print(numbers, list(reversed(numbers)), [[0] * 3 for _ in range(2)])
first, *middle, last = [1, 2, 3, 4]
print(first, middle, last, [*"ab", *range(2)], {**{"a": 1}, "b": 2})
d = {"one": 1, "two": 2}
d["three"] = 3
d.setdefault("four", []).append("x")
d.update(two=22)
print(d, d.get("nine"), d.get("nine", 9), list(d), list(d.items())[0], "one" in d, d.pop("one"), len(d))
print({v: k for k, v in {"a": 1, "b": 2}.items()}, dict(zip("xy", [1, 2])), dict.fromkeys("ab", 0), d | {"five": 5})
a, b = {1, 2, 3, 4}, {3, 4, 5}
print(sorted(a & b), sorted(a | b), sorted(a - b), sorted(a ^ b), {1} <= a, a.isdisjoint({9}), len({1, 1.0, True}))
t = (1, "two", 3.0)
print(t, t[1], t + (4,), t * 2, t.count(1), (1,) < (1, 0), hash((1, 2)) == hash((1, 2)))
matrix = [[1, 2, 3], [4, 5, 6]]
print([list(row) for row in zip(*matrix)], [x for row in matrix for x in row], any(x > 5 for x in matrix[1]), all([]))
print(list(enumerate("ab", 1)), list(map(str.upper, "ab")), list(filter(None, [0, 1, "", "x"])), list(zip([1, 2], "ab")))
