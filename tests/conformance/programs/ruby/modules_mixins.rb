module Greets
  def self.included(base) = base.extend(ClassMethods)
  module ClassMethods
    def greeting(text = nil) = text ? @greeting = text : @greeting
  end
  def greet = "#{self.class.greeting}, I am #{name}"
end
module Loud
  def greet = super.upcase + "!"
end
class Person
  include Greets
  prepend Loud
  greeting "Hi"
  attr_reader :name
  def initialize(name) = @name = name
end
puts Person.new("ada").greet
p Person.ancestors.take(3), Person.include?(Greets)
module Refined
  refine String do
    def shout = upcase + "!!"
  end
end
using Refined
puts "hey".shout
module Util
  module_function
  def double(x) = x * 2
  PI2 = 6.28
end
p Util.double(4), Util::PI2, defined?(Util.triple), Comparable.instance_methods.sort.first(3)
