import sys

import helpers
from helpers import greet as hello
from shapes import Square, circle
from shapes.square import Square as Again
import shapes.circle as c

print(hello("Ada"), helpers.CONSTANT, Square(3).area(), circle.area(1), Square is Again, c.__name__)
print(__name__, helpers.__name__, helpers.loaded, "helpers" in sys.modules)
with open("data/words.txt") as file:
    print([line.strip() for line in file])
import importlib

print(importlib.import_module("shapes.circle") is c, helpers.where())
try:
    import missing_module
except ModuleNotFoundError as error:
    print(error, error.name)
try:
    from helpers import nothing
except ImportError as error:
    print(type(error).__name__)
