require "csv"
require "base64"
require "matrix"
require "prime"
text = CSV.generate { |csv| csv << %w[name note]; csv << ["Ada", 'said "hi", left']; csv << ["Bob", nil] }
puts text
table = CSV.parse(text, headers: true)
p table["name"], table[0].to_h, table.map { |row| row["note"]&.length }, CSV.parse_line("a;b", col_sep: ";")
CSV.parse("n,x\n1,2.5\n", headers: true, converters: :numeric) { |row| p row["x"] + row["n"] }
puts Base64.strict_encode64("hello"), Base64.decode64("aGk="), Base64.urlsafe_encode64("\xfb\xff")
p Matrix[[1, 2], [3, 4]] * Matrix[[0, 1], [1, 0]], Matrix[[1, 2], [3, 4]].determinant, Vector[3, 4].norm
p Prime.first(5), 84.prime_division, 97.prime?
begin
  CSV.parse('a,"b')
rescue CSV::MalformedCSVError => e
  puts e.message
end
