fib = Enumerator.new do |y|
  a, b = 0, 1
  loop { y << a; a, b = b, a + b }
end
p fib.take(10), fib.lazy.select(&:even?).first(4), fib.each_with_index.first(2), fib.next, fib.next, fib.peek, fib.next
e = [1, 2].each
loop { p e.next }
puts "loop ended"
begin
  e.next
rescue StopIteration => err
  puts err.message
end
f = Fiber.new do |x|
  y = Fiber.yield x + 1
  Fiber.yield y * 2
  :done
end
p f.resume(1), f.resume(10), f.resume, f.alive?
begin
  f.resume
rescue FiberError => err
  puts err.class
end
gen = Enumerator.produce(1) { |x| x * 3 }
p gen.take(5), [1, 2, 3].each_entry.with_object([]).to_a.size, %w[a b c].each.with_index(1).to_a, (1..3).each_with_object([]).class, [4, 5].each.size, ("a".."c").each_char rescue p $!.class
p (1..3).sum.then { _1 * 2 }, 5.tap { |x| puts "tap #{x}" }, [3, 1].sort!.frozen?, ObjectSpace.respond_to?(:each_object), 3.times.map.with_index { |x, i| x * i }, [1, 2, 3].inject { |a, b| a - b }, Enumerator::Chain.new([1], [2]).to_a, ([1].each + [2, 3]).to_a
