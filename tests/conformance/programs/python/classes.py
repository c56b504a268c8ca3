class Shape:
    count = 0

    def __init__(self, name):
        self.name = name
        Shape.count += 1

    def area(self):
        raise NotImplementedError(f"{type(self).__name__} has no area")

    def __repr__(self):
        return f"{type(self).__name__}({self.name!r})"

    def __lt__(self, other):
        return self.area() < other.area()


class Square(Shape):
    def __init__(self, side):
        super().__init__("square")
        self.side = side

    def area(self):
        return self.side**2

    @property
    def diagonal(self):
        return round(self.side * 2**0.5, 3)

    @classmethod
    def unit(cls):
        return cls(1)

    @staticmethod
    def corners():
        return 4


class Circle(Shape):
    def __init__(self, radius):
        super().__init__("circle")
        self.radius = radius

    def area(self):
        return 3 * self.radius**2


shapes = [Square(4), Circle(1), Square.unit()]
print(sorted(shapes), Shape.count, Square.corners(), shapes[0].diagonal)
print(isinstance(shapes[0], Shape), issubclass(Circle, Square), Square.__mro__)
try:
    Shape("blob").area()
except NotImplementedError as error:
    print("error:", error)
try:
    shapes[0].diagonal = 3
except AttributeError as error:
    print(type(error).__name__)
