puts "before"
abort "something is wrong"
