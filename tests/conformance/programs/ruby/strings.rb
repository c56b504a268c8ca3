s = "Hello, Wörld"
puts s.length, s.bytesize, s.upcase, s.swapcase, s.reverse, s[0], s[-1], s[0, 5], s[0..4], s[/W\S+/], s.index("o"), s.sub("l", "L"), s.gsub(/[aeiou]/) { |v| v.upcase }, s.tr("lo", "01"), s.delete("l"), s.squeeze("l"), s.count("lo"), s.include?("Wör"), s.start_with?("Hell"), s.center(20, "*"), s.chars.first(3).inspect, s.bytes.last, s * 2, s + "!", s.sum
puts "a,b,,c".split(",").inspect, "a b  c".split.inspect, "abc".each_char.to_a.inspect, "l1\nl2".lines.inspect, " x ".strip + "|", "xxhixx".gsub(/^x+|x+$/, ""), "title case here".split.map(&:capitalize).join(" "), "snake_case_word".split("_").each_with_index.map { |w, i| i.zero? ? w : w.capitalize }.join, "CamelCase".gsub(/([A-Z])/) { "_" + $1.downcase }.sub(/^_/, ""), "%05d|%-6s|%+.2f|%x|%e|%08b|%s" % [42, "ab", 3.14159, 255, 12345.678, 5, :sym], format("%-10s%5d%%", "left", 50), "abc".succ, "az".next, "a".ord, 97.chr, "ab".unpack("C*").inspect, [1, 2].pack("s*").bytes.inspect, "é".encode("ISO-8859-1").bytes.inspect, "abc".hash == "abc".hash
puts <<~TEXT, <<~'RAW'
  indented #{1 + 1}
    more
TEXT
  raw #{no}
RAW
p "a\tb\u00e9\e", 'single #{x} \n', "esc \" ' \\", :sym, :"with space", %w[a b], %i[a b], %q(it's), "con" "cat", ?c, "abc" <=> "abd", "a" == :a.to_s, "abc".eql?("abc"), "abc".equal?("abc"), "ß".upcase, "ÀÉ".downcase, "日本語".reverse, "👍🏽".length, "👍🏽".grapheme_clusters.size, "x".frozen?, "abc".freeze.frozen?, "ab\0c".size, "12abc".to_i, "0x1A".hex, "3.7e2".to_f, "abc".to_sym, "1,234".delete(",").to_i, "%.3s" % "abcdef", "abcabc".rindex("b"), "hello world".scan(/o/).size, "a-b_c".tr("-_", "  "), "hello"[1..-2], "text".insert(2, "__"), "a".."e", ("a".."zz").count, "line\r\n".chomp, "lines".chop, "ab" =~ /b/, $~[0], "été".unicode_normalize(:nfd).length, "cafe".casecmp?("CAFE"), "x=1;y=2".scan(/(\w)=(\d)/), "path/to/file.rb".rpartition("/"), "key: v".partition(": "), "%s and %p" % ["str", "str"], "abc".sub(/(?<first>a)/, '\k<first>\0'), "z".ljust(3, ".") + "|", "5".rjust(3, "0"), "tEST".capitalize
str = +"mutable"; str << " text" << 33; str[0] = "M"; str.concat("?", "!"); str.prepend(">"); p str, str.replace("new"), str.clear.empty?
begin
  "frozen".freeze << "x"
rescue FrozenError => e
  puts e.message
end
begin
  "a" + 1
rescue TypeError => e
  puts e.message
end
p "\xff".valid_encoding?, "\xff".scrub("?"), "abc".force_encoding("ASCII-8BIT").encoding, "é".b, "é".inspect, "é".dump
