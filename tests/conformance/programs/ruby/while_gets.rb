while (line = gets)
  break if line.strip == "quit"
  puts line.chomp.reverse
end
puts "rest: #{readlines.inspect}"
