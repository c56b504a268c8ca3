bc <<< "1 + 2 * 3 - 4 / 2"
bc <<< "scale=5; 22/7"; bc -l <<< "4*a(1)"; bc -l <<< "e(1)"; bc -l <<< "l(10)"; bc -l <<< "s(1) + c(0)"
bc <<< "10 % 3; 7.5 % 2; scale=2; 7.5 % 2"
bc <<< "2^64; 2^-1; scale=3; 2^-1"
bc <<< "x = 5; y = x * 2; x + y; x++; x; --y; y"
bc <<< "a[0] = 3; a[1] = 4; a[0] * a[1]"
echo "scale=2
define area(r) {
  auto p
  p = 3.14159
  return (p * r * r)
}
area(2)
for (i = 1; i <= 3; i++) { print i, \" \", i^2, \"\n\" }
i = 0
while (i < 2) { i += 1; i }
if (i == 2) print \"two\n\"
" | bc
bc <<< "5 > 3; 5 < 3; 5 == 5 && 3 != 4; !0"
bc <<< "length(12345); scale(1.234); sqrt(16)"
bc <<< "obase=16; 255; obase=2; 5"; bc <<< "ibase=2; 1010; ibase=1010; 10"
bc <<< "-5 + 3; -(2^2); 1.50 + 1.5; .5; 0.5 * 0.5; scale=4; 1/3*3"
bc <<< "99999999999999999999 * 99999999999999999999"
bc <<< "define f(n) { if (n <= 1) return 1; return n * f(n - 1); }
f(25)"
echo "1/0" | bc 2>&1 | grep -c -i "divide by zero"
bc <<< 'last = 5; 3 + 4; . + 1' 
echo 'scale=10; 1/7' | bc; echo "(1+2)*(3+4)" | bc; echo "7/2" | bc; echo "3*1.5" | bc
