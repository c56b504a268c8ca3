$loads = ($loads || 0) + 1
puts "loaded #{$loads}"
