def describe(value)
  case value
  in Integer | Float => n if n < 0 then "negative #{n}"
  in 0 then "zero"
  in Integer then "integer"
  in String => s unless s.empty? then "string #{s}"
  in [] then "empty"
  in [x] then "one #{x}"
  in [Integer => a, *rest] then "first #{a} rest #{rest}"
  in { type: :circle, r: } then "circle #{r}"
  in { name: String => name, tags: [*, "vip", *] } then "vip #{name}"
  in { name:, **rest } then "#{name} #{rest}"
  in nil then "nil"
  in ..."m" then "never"
  else "other"
  end
end
[-1, 0, 5, "hi", "", [], [1], [1, 2, 3], ["a", 2], { type: :circle, r: 2 }, { name: "Ada", tags: %w[x vip y] }, { name: "Bob", age: 3 }, nil, 2.5].each { |v| puts "#{v.inspect} -> #{describe(v)}" }
config = { db: { user: "admin", ports: [1, 2] } }
config => { db: { user:, ports: [first, *] } }
p user, first, (config in { db: { user: "root" } }), (5 in 1..9)
expected = 5
case 5
in ^expected then puts "pinned"
end
begin
  case { a: 1 }
  in { b: } then 1
  end
rescue NoMatchingPatternKeyError => e
  puts e.class, e.message
end
class Vec
  attr_reader :x, :y
  def initialize(x, y) = (@x, @y = x, y)
  def deconstruct = [x, y]
  def deconstruct_keys(keys) = { x:, y: }
end
case Vec.new(1, 2)
in Vec(x:, y: 0) then puts "flat"
in Vec[a, b] then puts "vec #{a} #{b}"
end
