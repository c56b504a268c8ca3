h = { "one" => 1, two: 2, 3 => [4] }
p h, h["one"], h[:two], h[:missing], h.fetch(:two), h.fetch(:x, "default"), h.fetch(:x) { |k| "no #{k}" }, h.key(2), h.dig(3, 0)
begin
  h.fetch(:zzz)
rescue KeyError => e
  puts e.message, e.key.inspect
end
h[:new] = nil
h.delete("one")
p h.keys, h.values, h.size, h.key?(:new), h.compact, h.to_a, h.map { |k, v| [k, v.to_s] }.to_h, h.select { |k, _| k.is_a?(Symbol) }, h.min_by { |k, _| k.to_s }, h.sort_by { |k, _| k.to_s }.first, h.invert, h.any? { |_, v| v.nil? }
d = Hash.new { |hash, key| hash[key] = key * 2 }
p d[4], d, Hash.new(0).tap { |c| "hello".each_char { |x| c[x] += 1 } }, h.transform_values(&:class), { a: 1 }.transform_keys(&:to_s), { a: 1, b: 2 }.filter_map { |k, v| k if v > 1 }
a, b = { x: 1, y: { z: 2 } }, { y: 3, w: 4 }
p a.merge(b), a.merge(b) { |k, o, n| [k, o, n] }, a.slice(:x), a.except(:x), a.each_with_object({}) { |(k, v), acc| acc[v] = k }, a.reduce(0) { |s, (k, v)| s + (v.is_a?(Integer) ? v : 0) }, a.group_by { |k, v| v.class }, a.partition { |k, v| v == 1 }, a.sum { |k, v| v.is_a?(Hash) ? 10 : v }, a.find { |k, v| v == 1 }, a.each_slice(1).to_a, a == { y: { z: 2 }, x: 1 }, a.to_a.flatten(1), a.count, a.empty?, {}.first
x = 5; y = 6; p({ x:, y: }, { "quoted key": 1 }, { 1 => :a, nil => :b, [1] => :c }, a.deconstruct_keys(nil) == a, { b: 1, a: 2 }.sort.to_h, { a: 1 }.frozen?, { a: nil }.dig(:a, :b))
