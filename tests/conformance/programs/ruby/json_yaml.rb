require "json"
data = { "name" => "Zoë", list: [1, 2.5, nil, true], nested: { "a" => "q\"uote" } }
puts data.to_json, JSON.generate([1, "x"]), JSON.pretty_generate(data)
p JSON.parse('{"a": [1, {"b": null}], "c": 1.5e3, "u": "\u00e9"}'), JSON.parse('{"a":1}', symbolize_names: true), JSON.parse("[1]").first, JSON.parse('"x"')
begin
  JSON.parse('{"a": }')
rescue JSON::ParserError => e
  puts e.class
end
require "yaml"
puts data.transform_keys(&:to_s).to_yaml
p YAML.load("a: 1\nb:\n  - x\n  - 2.5\nc: true\nd: ~\n"), YAML.load("- 1\n- [2, 3]\n")
class Point
  def initialize(x) = @x = x
  def to_json(*a) = { x: @x }.to_json(*a)
end
puts [Point.new(1)].to_json, JSON.dump({ a: Float::MAX > 1 }), { 1 => 2, nil => :sym }.to_json
p Marshal.load(Marshal.dump({ a: [1, "x", 2.5, nil, :s] }))
