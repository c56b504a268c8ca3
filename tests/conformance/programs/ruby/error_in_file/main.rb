require_relative "stats"
puts Stats.mean([1, 2, 3])
puts Stats.mean(nil)
