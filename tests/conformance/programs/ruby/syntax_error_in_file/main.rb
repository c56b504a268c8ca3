puts "main"
require_relative "broken"
