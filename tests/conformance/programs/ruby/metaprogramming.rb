class Config
  %w[host port].each { |n| define_method("#{n}!") { instance_variable_get("@#{n}") }; define_method("#{n}=") { |v| instance_variable_set("@#{n}", v) } }
  def self.setting(name, default:) = define_method(name) { instance_variable_get(:"@#{name}") || default }
  setting :timeout, default: 30
end
c = Config.new
c.host = "h"
p c.host!, c.timeout, c.public_methods(false).sort, c.send(:host!), c.respond_to?(:port!), Config.instance_method(:timeout).owner, c.method(:host!).unbind.class
class String
  def shout = upcase + "!"
end
p "x".shout, Object.const_get(:Config), Config.name, c.instance_of?(Config), Class.new(Config) { def extra = 1 }.new.extra, c.instance_eval { @host }, Config.class_eval { self }, binding.local_variables.include?(:c), eval("1 + 1"), __method__.inspect
class Html
  def method_missing(tag, content = nil, **attrs, &block)
    a = attrs.map { |k, v| " #{k}=\"#{v}\"" }.join
    "<#{tag}#{a}>#{block ? instance_eval(&block) : content}</#{tag}>"
  end
  def respond_to_missing?(*) = true
end
puts Html.new.div(class: "x") { h1("Title") + em("text") }
module Tracked
  def self.extended(base) = puts("extended #{base}")
  def inherited(sub) = (super; puts "inherited #{sub}")
  def method_added(name) = puts("added #{name}")
end
class Base
  extend Tracked
  def foo; end
end
class Sub < Base; end
p Base.instance_methods(false), Sub.method_defined?(:foo), Base.new.singleton_class.inspect.start_with?("#<Class:"), defined?(foo), defined?(puts), defined?(String), defined?(@x), ObjectSpace.count_objects.class, 5.instance_variables, Comparable.class, Module.new.class, c.instance_variable_get(:@host), Kernel.respond_to?(:puts), self.to_s, self.class
alias_test = Class.new { def a = 1; alias b a; alias_method :c, :a; undef_method :a }.new
p alias_test.b, alias_test.c, (alias_test.a rescue "undefined"), ObjectSpace::WeakMap.new.class, c.freeze.frozen?, (begin; c.host = 1; rescue => e; e.class; end), Struct.new(:a).new(1).then { |s| s.a }, :sym.to_proc.call("x") , method(:puts).arity rescue p $!
