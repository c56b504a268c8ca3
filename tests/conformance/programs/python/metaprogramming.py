import inspect
import sys
import types


class Meta(type):
    registry = []

    def __new__(cls, name, bases, body, **options):
        made = super().__new__(cls, name, bases, body)
        cls.registry.append((name, options))
        return made

    def __init__(cls, name, bases, body, **options):
        super().__init__(name, bases, body)


class Base(metaclass=Meta, flag=1):
    pass


class Typed:
    def __init__(self, kind):
        self.kind = kind

    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, instance, owner):
        return self if instance is None else getattr(instance, self.name)

    def __set__(self, instance, value):
        if not isinstance(value, self.kind):
            raise TypeError(f"{self.name[1:]} must be {self.kind.__name__}")
        setattr(instance, self.name, value)


class Person(Base):
    age = Typed(int)

    def __init_subclass__(cls, **kwargs):
        print("subclass", cls.__name__, kwargs)

    def __getattr__(self, name):
        return f"no {name}"


class Child(Person):
    pass


p = Person()
p.age = 3
print(p.age, p.anything, Meta.registry)
try:
    p.age = "x"
except TypeError as error:
    print(error)
print(inspect.signature(lambda a, b=2, *c, d: 0), inspect.isgeneratorfunction(inspect.getsource), type("T", (), {"x": 1})().x)
print(getattr(p, "age"), hasattr(p, "zzz"), callable(p), dir(types.SimpleNamespace(q=1))[-1], eval("1 + a", {"a": 2}))
namespace = {}
exec("def made(x):\n    return x + 1", namespace)
print(namespace["made"](1), compile("3*4", "<s>", "eval").co_names, sys.getsizeof([]) > 0, vars(p))
print(inspect.getsource(Base).strip().splitlines()[0], Person.__doc__, Person.age.kind)
