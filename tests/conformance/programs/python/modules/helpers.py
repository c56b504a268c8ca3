from pathlib import Path

CONSTANT = 42
loaded = 1
print("helpers is imported once")


def greet(name):
    return f"Hello {name}"


def where():
    return Path(__file__).name


if __name__ == "__main__":
    print("not printed")
