import functools
import time


def logged(prefix):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            print(prefix, function.__name__, args, kwargs)
            return function(*args, **kwargs)

        return wrapper

    return decorate


@logged(">")
def add(a, b=2):
    """Adds."""
    return a + b


@functools.cache
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


class Once:
    def __init__(self, function):
        self.function, self.called = function, False

    def __call__(self):
        if self.called:
            return "again"
        self.called = True
        return self.function()


@Once
def greet():
    return "hello"


print(add(1), add(1, b=5), add.__name__, add.__doc__)
print(fib(80), fib.cache_info().misses)
print(greet(), greet())
started = time.perf_counter()
time.sleep(0.01)
print(time.perf_counter() - started >= 0.009)
