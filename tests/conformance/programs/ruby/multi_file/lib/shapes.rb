require_relative "helpers/text"
puts "shapes loaded"
module Shapes
  VERSION = "1.0"
  class Square
    def initialize(side) = @side = side
    def area = @side**2
  end
end
puts "never here" if __FILE__ == $PROGRAM_NAME
