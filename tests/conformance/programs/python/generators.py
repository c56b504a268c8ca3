def fibonacci():
    a, b = 0, 1
    while True:
        yield a
        a, b = b, a + b


def take(n, items):
    for _, item in zip(range(n), items):
        yield item


def flatten(item):
    if isinstance(item, list):
        for part in item:
            yield from flatten(part)
    else:
        yield item


def averager():
    total = count = 0
    average = None
    try:
        while True:
            value = yield average
            total += value
            count += 1
            average = total / count
    except GeneratorExit:
        print("closed after", count)
        raise


print(list(take(12, fibonacci())))
print(list(flatten([1, [2, [3, []], 4], [[5]]])))
a = averager()
next(a)
print(a.send(10), a.send(20), a.send(3))
a.close()


def returns():
    yield 1
    return "done"


def delegates():
    result = yield from returns()
    yield result


print(list(delegates()))
g = (x * x for x in range(3))
print(next(g), next(g), next(g), next(g, "default"))
try:
    next(g)
except StopIteration:
    print("exhausted")
