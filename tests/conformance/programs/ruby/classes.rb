class Animal
  attr_reader :name
  attr_accessor :age
  @@count = 0
  KINDS = %w[cat dog].freeze
  def initialize(name, age = 1)
    @name, @age = name, age
    @@count += 1
  end
  def self.count = @@count
  def speak = "#{name} makes a sound"
  def to_s = "#{self.class.name}(#{@name})"
  def inspect = "#<#{self.class} #{@name}>"
  def <=>(other) = age <=> other.age
  include Comparable
  class << self
    def create(*args) = new(*args)
  end
  protected def secret = 42
  private
  def hidden = "hidden"
end
class Dog < Animal
  def speak = super + ": woof"
  def compare(other) = other.secret
  def method_missing(name, *args)
    name.to_s.start_with?("do_") ? "#{@name} does #{name.to_s.delete_prefix("do_")} #{args}" : super
  end
  def respond_to_missing?(name, private = false) = name.to_s.start_with?("do_") || super
end
d, c = Dog.create("Rex", 3), Animal.new("Tom")
puts d.speak, c, Animal.count, d.compare(c), d.do_sit(1), d.respond_to?(:do_x)
p d > c, [d, c].min, d.between?(c, d), d.clamp(c, c), Dog.ancestors.first(3), Dog.superclass, d.is_a?(Animal), d.instance_variables, Animal::KINDS
begin
  d.hidden
rescue NoMethodError => e
  puts e.message
end
begin
  c.secret
rescue NoMethodError => e
  puts e.message
end
begin
  d.nothing
rescue NoMethodError => e
  puts e.message
end
begin
  Dog.new
rescue ArgumentError => e
  puts e.message
end
def d.special = "singleton"
p d.special, d.singleton_methods, d.frozen?, d.dup.name, Dog.instance_methods(false).sort
