class AppError(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def load(text):
    try:
        return int(text)
    except ValueError as error:
        raise AppError(7, f"cannot load {text!r}") from error


for text in ["12", "x"]:
    try:
        print(load(text))
    except AppError as error:
        print(error, error.code, type(error.__cause__).__name__, error.args)
    else:
        print("fine")
    finally:
        print("done")
try:
    try:
        {}["key"]
    except KeyError:
        raise RuntimeError("second")
except RuntimeError as error:
    print(repr(error.__context__), error.__suppress_context__)
try:
    raise ExceptionGroup("many", [ValueError(1), TypeError(2), ValueError(3)])
except* ValueError as group:
    print("values", [str(e) for e in group.exceptions])
except* TypeError as group:
    print("types", len(group.exceptions))
assert 1 + 1 == 2, "arithmetic"
load("boom")
