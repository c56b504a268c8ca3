Point = Struct.new(:x, :y) do
  def +(other) = Point.new(x + other.x, y + other.y)
  def to_s = "(#{x}, #{y})"
end
a = Point.new(1, 2)
b = Point.new(3)
p a, b, a == Point.new(1, 2), a.to_a, a.to_h, a[0], a[:y], a.eql?(a.dup), a.members, Point.members
puts a + a, "#{a}"
a.x = 10
x, y = *a
p x, y, a.each.to_a, [Point.new(2, 1), Point.new(1, 5)].min_by(&:x)
Item = Struct.new(:name, :price, keyword_init: true)
p Item.new(name: "tea", price: 2.5), Item.new(name: "x").price
Coord = Data.define(:lat, :lng) do
  def self.origin = new(0, 0)
  def distance(o) = Math.sqrt((lat - o.lat)**2 + (lng - o.lng)**2)
end
c = Coord.new(lat: 3, lng: 4)
p c, c.with(lat: 0), c.distance(Coord.origin), c == Coord.new(3, 4), c.to_h, c.frozen?
begin
  c.instance_variable_set(:@lat, 1)
rescue => e
  puts e.class
end
begin
  Coord.new(1)
rescue ArgumentError => e
  puts e.message
end
begin
  Point.new(1, 2, 3)
rescue ArgumentError => e
  puts e.message
end
case c
in { lat:, lng: } then puts "lat #{lat} lng #{lng}"
end
require "ostruct"
o = OpenStruct.new(a: 1)
o.b = 2
p o.a + o.b, o.respond_to?(:b), o[:a], o.to_h
