values = [1, 2]
values.each { |value| puts value }
puts valeus.size
