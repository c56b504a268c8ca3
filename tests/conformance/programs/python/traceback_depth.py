import traceback


def outer(n):
    if n == 0:
        return {"a": 1}["b"]
    return outer(n - 1)


try:
    outer(2)
except KeyError:
    text = traceback.format_exc()
    print([line.strip() for line in text.splitlines() if "File" not in line and "^" not in line and "~" not in line])
    print(text.count("in outer"))
outer(1)
