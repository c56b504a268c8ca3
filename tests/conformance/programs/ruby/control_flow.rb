for i in 1..3 do print i, " " end
puts
i = 0
until i >= 3 do i += 1; next if i == 2; print i, " "; end
puts
begin i -= 1 end while i > 0
puts i, (i > 0 ? "pos" : "zero"), (puts "mod" if true).inspect
r = [1, 2, 3].each_with_index { |x, k| break x * 100 if k == 1 }
p r, (1..3).each { |x| redo_test = x }, [1, 2, 3].each { |x| next }.size
case 7 when 1..5 then puts "low" when 6.. then puts "high" end
case "x" when String, Symbol then puts "stringy" end
case when i == 0 then puts "no subject" end
a, (b, *c), d = 1, [2, 3, 4], 5
p a, b, c, d, (a, b = b, a), *[1, 2], [*1..3, *"x"]
x = nil; x ||= 5; x &&= x + 1; y = x&.to_s&.length; p x, y, nil.to_a, nil&.foo, (not true), (true and false), [nil, false, 0, ""].map { _1 ? 1 : 0 }
puts [1, [2, [nil, 3]]].to_s, nil.to_s.empty?, :a.inspect, nil.inspect, [nil, true].to_s, 1.0.to_s, 1e2.to_i, "#{nil}|#{[1, "a"]}|#{{ a: 1 }}"
puts [], [[], [1, [2]]], nil, true
p
p 1, 2
print "a", "b", 1, nil, "\n"
puts "multi", ["arr", "ay"], 3
pp({ a: 1 })
$stdout.puts "stdout"; STDOUT.print "x\n"; $stdout.write("w", 1, "\n"); $stdout << "chained " << 5 << "\n"; putc "A"; putc 10; $stdout.printf("%d\n", 5); $, = nil; puts "é".encoding, __ENCODING__, ENV["HOME"].class, ENV.fetch("NOPE", "none"), RUBY_VERSION >= "3.3", RUBY_ENGINE
BEGIN { puts "BEGIN block" }
END { puts "END block" }
def m(*) = n(*)
def n(*a) = a.sum
p m(1, 2), __method__, block_given?, [3, 4].then { |q, w| q }, 5.then { _1 + 1 }, Integer === 5, (1..3) === 2, /a/ === "cat", :a <=> :b, 1.+(2), 5.!, !!nil, "a".respond_to?(:upcase)
