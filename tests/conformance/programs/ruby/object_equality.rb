class Pt
  attr_reader :x
  def initialize(x) = @x = x
  def ==(o) = o.is_a?(Pt) && x == o.x
  alias eql? ==
  def hash = x.hash
  def coerce(n) = [Pt.new(n), self]
  def +(o) = Pt.new(x + (o.is_a?(Pt) ? o.x : o))
  def -@ = Pt.new(-x)
  def [](i) = x * i
  def []=(i, v); @x = v * i; end
  def call(y) = x + y
  def to_str = "pt#{x}"
  def to_proc = ->(y) { x + y }
  def each = yield(x)
  def ===(o) = o == x
  def !~(o) = true
  def =~(o) = 0
  def to_ary = [x, x + 1]
end
a = Pt.new(1)
p a == Pt.new(1), a.equal?(a), { a => :v }[Pt.new(1)], [a, Pt.new(1)].uniq.size, (a + 2).x, (-a).x, a[5], a.(3), "s" + a, [1, 2].map(&a), (5 + a).x, a =~ 1
a[2] = 3
q, w = a
p a.x, q, w, (case 6 when a then "matched" end), a.dup == a, a.clone.frozen?, a.itself.equal?(a), a.instance_variable_get(:@x), a.object_id == a.object_id, 1.equal?(1), "a".equal?("a"), :a.equal?(:a), nil.object_id, [1] == [1.0], [1].eql?([1.0]), { a: 1 }.eql?({ a: 1 })
