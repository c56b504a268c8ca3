n, *rows = STDIN.read.split("\n")
puts n.to_i, rows.map { |row| row.split(",").map(&:to_i).sum }.inspect
p $stdin.gets, $stdin.eof?
