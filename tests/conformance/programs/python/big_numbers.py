import math
from decimal import Decimal, getcontext
from fractions import Fraction

print(2**200)
print(math.factorial(40))
print((10**30 + 1) % 97, pow(3, 10**18, 1_000_007), -7 // 2, -7 % 3, divmod(-7, 2))
print(hex(2**70), oct(64), bin(10), int("ff", 16), int("0b101", 0))
print(0.1 + 0.2, round(2.5), round(3.5), round(-1.005, 2), 1e16, 1e-5, 1e22)
getcontext().prec = 40
print(Decimal(1) / Decimal(7), Decimal("0.1") + Decimal("0.2"))
print(Fraction(1, 3) + Fraction(1, 6), Fraction("0.125"), Fraction(3.5))
print(float("inf") > 1e308, float("nan") == float("nan"), math.isclose(0.1 + 0.2, 0.3))
print((1 + 2j) * (3 - 1j), abs(3 + 4j), math.gcd(84, 36), math.lcm(4, 6), math.isqrt(10**20))
print(1_000_000 * 3, 7 / 2, 7 // 2, (-2) ** 3, 5 & 3, 5 | 3, 5 ^ 3, ~5, 1 << 70)
print(len(str(3**10000)), sum(int(d) for d in str(2**1000)))
