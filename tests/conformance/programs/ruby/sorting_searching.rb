def bubble(a)
  a = a.dup
  (a.size - 1).downto(1) { |i| i.times { |j| a[j], a[j + 1] = a[j + 1], a[j] if a[j] > a[j + 1] } }
  a
end
def quick(a) = a.size < 2 ? a : (p, *r = a; l, g = r.partition { _1 < p }; quick(l) + [p] + quick(g))
def merge_sort(a)
  return a if a.size < 2
  l, r = a.each_slice((a.size / 2.0).ceil).map { merge_sort(_1) }
  out = []
  out << (l.first <= r.first ? l : r).shift while !l.empty? && !r.empty?
  out + l + r
end
def search(a, x) = a.bsearch_index { x <=> _1 }
d = [9, -3, 5, 0, 5, 2]
p bubble(d), quick(d), merge_sort(d), search(d.sort, 5), search(d.sort, 7), d
def hanoi(n, a = "A", b = "B", c = "C") = n.zero? ? [] : hanoi(n - 1, a, c, b) + [a + c] + hanoi(n - 1, b, a, c)
def fact(n) = n <= 1 ? 1 : n * fact(n - 1)
def fib(n, memo = {}) = n < 2 ? n : memo[n] ||= fib(n - 1, memo) + fib(n - 2, memo)
def ack(m, n) = m.zero? ? n + 1 : n.zero? ? ack(m - 1, 1) : ack(m - 1, ack(m, n - 1))
p hanoi(3), fact(30), fib(90), ack(2, 3), (1..15).map { |i| i % 15 == 0 ? "FizzBuzz" : i % 5 == 0 ? "Buzz" : i % 3 == 0 ? "Fizz" : i }
sieve = (2..60).to_a
primes = []
while (x = sieve.shift)
  primes << x
  sieve.reject! { (_1 % x).zero? }
end
p primes, "racecar".then { _1 == _1.reverse }, 84.gcd(36), %w[listen silent enlist google].group_by { _1.chars.sort.join }.values.max_by(&:size), 1994.then { |n| { 1000 => "M", 900 => "CM", 500 => "D", 400 => "CD", 100 => "C", 90 => "XC", 50 => "L", 40 => "XL", 10 => "X", 9 => "IX", 5 => "V", 4 => "IV", 1 => "I" }.reduce("") { |s, (v, r)| s += r * (n / v); n %= v; s } }
