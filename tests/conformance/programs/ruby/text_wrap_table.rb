rows = [["Name", "Qty"], ["Tee", 3], ["Brötchen", 12]]
widths = rows.transpose.map { |c| c.map { _1.to_s.size }.max }
rows.each_with_index do |row, i|
  puts "| " + row.zip(widths).map { |c, w| c.is_a?(Integer) ? c.to_s.rjust(w) : c.ljust(w) }.join(" | ") + " |"
  puts "|" + widths.map { "-" * (_1 + 2) }.join("|") + "|" if i.zero?
end
text = "The quick brown fox jumps over the lazy dog and runs away"
puts text.gsub(/(.{1,20})(\s+|\z)/, "\\1\n"), text.split.each_slice(4).map { _1.join(" ") }, text.scan(/\w+/).map(&:length).tally.sort.inspect, text.each_char.select { "aeiou".include?(_1) }.tally.sort_by { |k, v| [-v, k] }.first(2).inspect
