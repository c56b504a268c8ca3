def twice
  return enum_for(:twice) unless block_given?
  yield 1
  yield 2
end
twice { |x| puts x }
p twice.to_a, twice.with_index.map { |x, i| x * i }
square = ->(x) { x * x }
add = proc { |a, b = 10| "#{a}+#{b}" }
p square.(3), square[4], square.lambda?, add.call(1), add.call(1, 2, 3), add.arity, square.arity, add.curry.class
compose = square >> ->(x) { x + 1 } << ->(x) { x * 2 }
p compose.call(3), %w[a b].map(&:upcase), [1, 2].each_with_object([]) { |x, acc| acc << x * 2 }
def returns_from_proc
  [1, 2, 3].each { |x| return x * 10 if x == 2 }
  :none
end
def lambda_returns = [1, 2].map(&->(x) { return x + 100 })
p returns_from_proc, lambda_returns
counter = 0
increment = -> { counter += 1 }
3.times(&increment) rescue 3.times { increment.call }
p counter
def opts(a, b = 2, *rest, c, k: 1, **others, &block) = [a, b, rest, c, k, others, block&.call]
p opts(1, 9), opts(1, 2, 3, 4, k: 5, z: 6) { :block }
begin
  square.call(1, 2)
rescue ArgumentError => e
  puts e.message
end
def kw(name:, age: 0) = "#{name} #{age}"
h = { name: "Ada", age: 3 }
puts kw(**h)
begin
  kw(age: 1)
rescue ArgumentError => e
  puts e.message
end
begin
  kw(name: 1, wrong: 2)
rescue ArgumentError => e
  puts e.message
end
p [[1, [2, 3]]].map { |a, (b, c)| a + b + c }, [1, 2, 3].sum { it * 2 }, [4, 5].map { _1 + 1 }
