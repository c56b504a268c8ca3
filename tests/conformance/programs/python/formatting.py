import math

n, text, value = 1234567.891, "word", 255
print(f"{n:,.2f} {n:e} {n:.3g} {n:012.1f} {n:+.0f}")
print(f"{text:>10}|{text:<10}|{text:^10}|{text:*^10}|{text!r:>8}|{text:.2}")
print(f"{value:x} {value:#x} {value:o} {value:b} {value:08b} {value:c} {value:_b}")
print(f"{0.256:.1%} {-5:05d} {3:+} {3: d} {1e100:g} {10**9:_}")
print(f"{math.pi:.{3}f} {value=} {text=!s} {n = :.1f} {{literal}}")
print(f"{'nested ' + ('yes' if value > 5 else 'no')} {[x * 2 for x in range(3)]}")
print("%5d|%-5d|%05d|%x|%o|%e|%g" % (42, 42, 42, 42, 42, 42.5, 0.00001))
print("{:>{width}} {:{fill}^{width}}".format("a", "b", width=5, fill="-"))
for row in [("apple", 3, 0.5), ("kiwi", 12, 12.25)]:
    print("{:<8}{:>4}{:>9.2f}".format(*row))
print(format(1234.5, ",.1f"), format("x", ">3"), str(1.0), repr(0.1), str(1e10), f"{1e15} {1e17}")
print("a", "b", sep="", end="!\n")
print(*range(5), sep=", ")
