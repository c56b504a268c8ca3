from . import circle
from .square import Square

__all__ = ["Square", "circle"]
