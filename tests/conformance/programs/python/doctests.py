"""
>>> square(3)
9
>>> square("x")
Traceback (most recent call last):
    ...
TypeError: can't multiply sequence by non-int of type 'str'
"""
import contextlib
import doctest
import io


def square(n):
    """
    >>> square(2)
    4
    >>> square(5)
    25
    """
    return n * n


def cube(n):
    """
    >>> cube(2)
    9
    """
    return n**3


with contextlib.redirect_stdout(io.StringIO()) as report:
    result = doctest.testmod(verbose=False)
print("Expected:\n    9\nGot:\n    8" in report.getvalue())
print(result.failed, result.attempted)
