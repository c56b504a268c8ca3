def divide(a, b)
  a / b
end

def outer = divide(1, 0)

puts "before"
outer
puts "never"
