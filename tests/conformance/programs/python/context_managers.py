import contextlib
import io


class Timer:
    def __enter__(self):
        print("start")
        return self

    def __exit__(self, *exc):
        print("stop", exc[0].__name__ if exc[0] else None)


@contextlib.contextmanager
def tag(name):
    print(f"<{name}>")
    try:
        yield name
    finally:
        print(f"</{name}>")


with tag("a") as a, tag("b"):
    print("inside", a)
with contextlib.suppress(ZeroDivisionError):
    1 / 0
with contextlib.redirect_stdout(io.StringIO()) as captured:
    print("captured")
print(repr(captured.getvalue()))
with contextlib.ExitStack() as stack:
    for name in "xy":
        stack.enter_context(tag(name))
    stack.callback(print, "callback")
try:
    with Timer():
        raise KeyError("k")
except KeyError:
    print("caught")
with contextlib.closing(io.StringIO("text")) as file:
    print(file.read())
print(file.closed)
