def attempt(label, action):
    try:
        print(label, action())
    except Exception as error:
        print(label, type(error).__name__, error)


attempt("concat", lambda: "a" + "b" * 2)
attempt("mixed", lambda: [1] + [2.5, None])
attempt("modulo", lambda: 5 % 0.0 if False else 3 % 2)
attempt("index", lambda: [1, 2][5])
attempt("key", lambda: {"a": 1}["b"])
attempt("attr", lambda: (3).missing)
attempt("convert", lambda: int("12x"))
attempt("unpack", lambda: [a for a, b in [(1,)]])
attempt("recursion", lambda: (lambda f: f(f))(lambda f: f(f)) and None if False else "skipped")
attempt("overflow", lambda: float(10**400))
attempt("unicode", lambda: b"\xff".decode())
attempt("call", lambda: None())
