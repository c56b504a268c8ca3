text = "Ada: 36, Bob: 7 (2024-01-31) mail x@y.org"
p text =~ /\d+/, $~[0], $1, text[/(\w+): (\d+)/, 2], text.scan(/(\w+): (\d+)/), text.match(/(?<y>\d{4})-(?<m>\d\d)/)[:m], text.match?(/zzz/), Regexp.last_match.class
if text =~ /(?<name>\w+): (?<age>\d+)/
  p $~[:name], $~.pre_match, $~.post_match[0, 4], $~.begin(:age), $~.names, $~.captures, $~.named_captures, $~.to_a
end
if /(?<first>\w+)@(?<host>[\w.]+)/ =~ text
  p first, host
end
p "2024-01-31".gsub(/(\d+)-(\d+)-(\d+)/, '\3/\2/\1'), "a1b22".gsub(/\d+/) { |d| (d.to_i * 2).to_s }, "cat hat".gsub(/[ch]at/, "cat" => "dog", "hat" => "cap"), "hello".gsub(/l/, "l" => "L"), "x-y_z".split(/[-_]/), "aAbB".scan(/[[:upper:]]/), "foo\nbar"[/^bar$/], "a.b" =~ /\./, "Été"[/\p{Lu}/], "aaa".sub(/a{2}/, "X"), "tel 555-1234".slice(/\d{3}-\d{4}/), "ABC" =~ /b/i, "a\nb" =~ /a.b/m, "key=val"[/=(.*)/, 1], /a b # comment
  c/x.match?("abc"), Regexp.escape("a.b*"), Regexp.union("a.b", /c/), "foobar"[/foo(?=bar)/], "price: 30"[/(?<=: )\d+/], "abab".scan(/(?:ab)+/), "x".match(/(y)?/).captures, "test123"[/[a-z]+/], /#{"dyn"}\d/.source, "aXbX".tr("X", ""), $~.nil?, "été".scan(/\w/), "a,b;c".split(/([,;])/)
case "hello123"
when /^\d/ then puts "digit"
when /(\D+)(\d+)/ then puts "#{$1}|#{$2}"
end
puts "The year 1999".sub(/(?<c>\d\d)(?<y>\d\d)/) { "#{$~[:y]}#{$~[:c]}" }, "one two".gsub(/\b(\w)/) { $1.upcase }, "x" * 3 =~ /x{3}/, "word word".match(/(\w+) \1/) ? "repeat" : "no", "CSV,line".partition(/,/).inspect
