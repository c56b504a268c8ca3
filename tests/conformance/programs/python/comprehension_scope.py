x = "outer"
squares = [x * x for x in range(4)]
print(x, squares)
nested = [(i, j) for i in range(3) for j in range(i) if (i + j) % 2]
print(nested, {c: ord(c) for c in "ab"}, {n % 3 for n in range(10)})
if (count := len(squares)) > 3:
    print(count)
total = 0
print([total := total + n for n in range(5)], total)


def shadow():
    x = "local"

    def inner():
        nonlocal x
        x += "!"
        return x

    return inner(), x


print(shadow(), x)


def modify():
    global x
    x = "changed"


modify()
print(x)


def defaults(item, items=[]):
    items.append(item)
    return items


print(defaults(1), defaults(2))


def kinds(a, /, b, *args, c, d=4, **kwargs):
    return a, b, args, c, d, kwargs


print(kinds(1, 2, 3, c=5, e=6), kinds(*[1, 2], **{"c": 3}))
try:
    kinds(a=1, b=2, c=3)
except TypeError as error:
    print("TypeError")
