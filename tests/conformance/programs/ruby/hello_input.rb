print "Name? "
name = gets.chomp
age = gets.to_i
puts "Hello, #{name}! Next year you are #{age + 1}."
p gets
