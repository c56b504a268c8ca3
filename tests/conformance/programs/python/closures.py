def counter():
    n = 0

    def step(by=1):
        nonlocal n
        n += by
        return n

    return step


a, b = counter(), counter()
print(a(), a(5), b())
fs = [lambda i=i: i * i for i in range(4)]
print([f() for f in fs], [g() for g in [lambda: i for i in range(3)]])
