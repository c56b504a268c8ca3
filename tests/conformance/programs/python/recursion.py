import sys


def hanoi(n, a="A", b="B", c="C"):
    return 0 if n == 0 else hanoi(n - 1, a, c, b) + 1 + hanoi(n - 1, c, b, a)


def permutations(items):
    if len(items) <= 1:
        return [items]
    return [[x, *rest] for i, x in enumerate(items) for rest in permutations(items[:i] + items[i + 1 :])]


def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)


def ackermann(m, n):
    if m == 0:
        return n + 1
    return ackermann(m - 1, 1) if n == 0 else ackermann(m - 1, ackermann(m, n - 1))


print(hanoi(8), permutations([1, 2, 3]), depth(700), ackermann(2, 3))
print(sys.getrecursionlimit() >= 900)


def forever(n):
    return forever(n + 1)


try:
    forever(0)
except RecursionError as error:
    print("RecursionError:", str(error).startswith("maximum recursion depth exceeded"))
