require "digest"
require "securerandom"
require "erb"
require "time"
require "shellwords"
require "timeout"
require "forwardable"
require "singleton"
require "delegate"
require "uri"
require "English"
require "pp"
p Timeout.timeout(5) { :in_time }
puts Digest::SHA256.hexdigest("abc")[0, 16], Digest::MD5.hexdigest(""), SecureRandom.hex(4).size, SecureRandom.uuid.size, ["hi"].pack("m0"), "aGk=".unpack1("m"), ERB.new("<% 2.times do |i| %>row <%= i %>\n<% end %>", trim_mode: nil).result(binding).inspect, Shellwords.split("a 'b c' d").inspect, URI.parse("http://u@h:8/p?q=1#f").then { [_1.host, _1.port, _1.query] }.inspect, URI.encode_www_form(a: 1, b: "x y"), URI.decode_www_form_component("a%20b+c")
class Queue2
  extend Forwardable
  def_delegators :@items, :size, :<<, :first
  def_delegator :@items, :shift, :dequeue
  def initialize = @items = []
end
q = Queue2.new
q << 1 << 2
p q.size, q.dequeue, q.first
class Conf
  include Singleton
  attr_accessor :v
end
Conf.instance.v = 1
p Conf.instance.v, (Conf.new rescue "private")
class Deco < SimpleDelegator
  def extra = "extra #{size}"
end
p Deco.new([1, 2]).extra, Deco.new("x").upcase, ERB::Util.html_escape("<a & 'b'>"), $PROGRAM_NAME.class, Random.rand(1.0) < 1, Kernel.format("%.2f", 1), ObjectSpace.garbage_collect.inspect, GC.count.class, Process.pid.class, RUBY_PLATFORM.class
p Comparable, Kernel, Zlib rescue puts "zlib not loaded"
require "zlib"
p Zlib::Inflate.inflate(Zlib::Deflate.deflate("x" * 100)).size, Zlib.crc32("hello") rescue p $!
