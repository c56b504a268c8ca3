require "set"
s = Set[3, 1, 2, 3]
s << 5
s.add?(5).nil? && puts("already")
p s, s.size, s.include?(2), s | Set[9], s & Set[1, 9], s - Set[1], s ^ Set[3, 8], s.subset?(Set[1, 2, 3, 5, 7]), s.to_a.sort, s.group_by(&:odd?), Set.new([1, 2]) == Set[2, 1], s.delete(1).size, s.map { _1 * 2 }.class, Set[1].superset?(Set[]), s.min, s.disjoint?(Set[100])
r = (1..10)
p r.sum, r.step(4).to_a, r === 5, r.cover?(3..4), (1...10).size, ("a".."e").to_a.join, r.each_slice(5).to_a, (1..), (..5).include?(3), (1..10) % 3, r.minmax, (1.0..2.0).include?(1.5), r.to_a.last(2), (1..0).to_a, Range.new(1, 3, true), r.find { _1 > 4 }, ("A".."C").each_with_index.to_h, (1..3).reverse_each.to_a, (Time.at(0)..Time.at(10)).cover?(Time.at(5))
Version = Struct.new(:major, :minor) do
  include Comparable
  def <=>(o) = [major, minor] <=> [o.major, o.minor]
end
a, b = Version.new(1, 2), Version.new(1, 10)
p a < b, [b, a].sort.first.minor, a.clamp(b, b).minor, a == Version.new(1, 2), [a, b].max.minor, a.between?(a, b)
