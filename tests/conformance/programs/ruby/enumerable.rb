a = [5, 3, 8, 1, 9, 2]
p a.sort, a.max, a.minmax, a.sum, a.sort_by { -_1 }, a.select(&:even?), a.reject(&:even?), a.partition { _1 > 4 }
p a.each_slice(4).to_a, a.each_cons(5).to_a, a.inject(:+), a.reduce(1) { |x, y| x * y }, a.find { _1 > 5 }, a.index(8), a.take_while { _1 > 2 }, a.drop(4)
p a.group_by(&:odd?), a.zip(1..3), a.each_with_index.to_a.last, a.tally, %w[x y x].tally, a.chunk_while { |x, y| y > x }.to_a, a.slice_when { |x, y| y < x }.to_a
p (1..Float::INFINITY).lazy.map { _1 * 2 }.select { _1 % 3 == 0 }.first(3), (1..10).step(3).to_a, 1.step(10, 4).to_a, ("a".."e").each_cons(2).map(&:join), (1...10).each_entry.count
p a.min_by { |x| (x - 6).abs }, a.max(2), a.cycle.first(8), a.none?(10), a.any? { _1 > 8 }, a.all?(Integer), a.count(&:even?), a.flat_map { [_1, _1] }.uniq.size, a.filter_map { _1 * 2 if _1 > 4 }
p a.rotate(2), a.combination(2).count, [1, 2, 3].permutation.to_a.length, [1, 2].product([3, 4]), [[1, 2], [3, 4]].transpose, [3, 1].push(4).unshift(0).insert(2, 9), [1, nil, 2].compact, [1, [2, [3]]].flatten, [1, 2, 3].each_entry.to_a
p %w[b B a].sort_by(&:downcase), %w[pear fig apple].sort_by { [_1.size, _1] }, a.sum.fdiv(a.size).round(2), [1, 2, 3, 4].each_slice(2).to_h, (1..3).zip(4..6), [0.1] * 3 == [0.1, 0.1, 0.1], [0.1, 0.2, 0.3].sum, [1, 2] <=> [1, 3], [1, 2] & [2], [1] | [2], [1, 2] - [1]
b = a.dup; b.delete(8); b.delete_if { _1 < 3 }; b << 7; p b, b.first, b.last(2), b[1..], b[-2, 2], b.values_at(0, -1), b.dig(0), b.sample.class, b.shuffle.size, b.fill(0, 1), b.include?(0), a.each_slice(2).map(&:sum)
class Tree
  include Enumerable
  def initialize(*v) = @v = v
  def each(&) = @v.each(&)
end
p Tree.new(3, 1, 2).sort, Tree.new(3, 1, 2).map { _1 + 1 }, Tree.new(1, 2).include?(2), Tree.new(4, 5).each_with_index.to_a, Tree.new(1).lazy.map { _1 }.to_a, Tree.new(2, 3).reduce(:*), Tree.new("a").first, Tree.new(1, 2, 3).each_slice(2).to_a, Tree.new(1, 2).to_set
