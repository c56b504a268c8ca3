CONST = %w[a b].freeze
A = [1, [2]].freeze
begin
  CONST << "c"
rescue => e
  puts e.class, e.message
end
A[1] << 3
p A, CONST.map(&:frozen?), "lit".frozen?, :s.frozen?, 1.frozen?, nil.frozen?, Object.new.frozen?, "a".dup.frozen?, CONST.dup << "c", CONST.clone.frozen?
def change!(s) = s << "!"
s = +"x"
change!(s)
p s
CONST2 = 1
CONST2 = 2
p CONST2
b = a = "shared"
b += "x"
p a, b
def default(list = []) = list << 1
p default, default
x = 10
[1].each { x += 1 }
[1].each { |i; x| x = i }
p x
p (defined?(inner_var)), 3.then { |inner_var| inner_var }
1.times { scoped = 1 }
puts scoped
