require_relative "lib/shapes"
require_relative "lib/helpers/text"
require "json"
puts Shapes::Square.new(3).area, Text.title("hello world"), $LOADED_FEATURES.any? { _1.end_with?("lib/shapes.rb") }
p require_relative("lib/shapes"), JSON.parse(File.read("data/config.json"))["name"], __dir__.end_with?("/") 
load "lib/loaded.rb"
load "lib/loaded.rb"
begin
  require_relative "lib/nothing"
rescue LoadError => e
  puts e.class
end
begin
  require "no_such_gem"
rescue LoadError => e
  puts e.message
end
puts defined?(Shapes::VERSION), File.basename(__FILE__), $PROGRAM_NAME == __FILE__
