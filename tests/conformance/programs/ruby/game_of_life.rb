cells = [[1, 0], [2, 1], [0, 2], [1, 2], [2, 2]].to_set
3.times do |generation|
  puts "generation #{generation}"
  5.times { |y| puts (0...5).map { |x| cells.include?([x, y]) ? "#" : "." }.join }
  near = Hash.new(0)
  cells.each { |x, y| [-1, 0, 1].product([-1, 0, 1]).each { |dx, dy| near[[x + dx, y + dy]] += 1 unless dx.zero? && dy.zero? } }
  cells = near.select { |c, n| n == 3 || (n == 2 && cells.include?(c)) }.keys.to_set
end
