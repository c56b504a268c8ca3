require "optparse"
options = { times: 1 }
parser = OptionParser.new do |o|
  o.banner = "Usage: tool [options]"
  o.on("-n", "--name NAME", "a name") { |v| options[:name] = v }
  o.on("-t", "--times N", Integer) { |v| options[:times] = v }
  o.on("-v", "--[no-]verbose") { |v| options[:verbose] = v }
end
rest = parser.parse(ARGV)
p options, rest, ARGV.size, $0, __FILE__ == $0
puts parser.help
begin
  parser.parse(["--bogus"])
rescue OptionParser::InvalidOption => e
  puts e.message
end
