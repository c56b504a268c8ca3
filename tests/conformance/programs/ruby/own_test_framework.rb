class TestCase
  def self.run
    results = public_instance_methods(false).grep(/^test_/).sort.map do |name|
      new.then { |t| t.setup if t.respond_to?(:setup); t.send(name) }
      [name, :pass]
    rescue => e
      [name, :fail, e.message]
    end
    results.each { |name, status, why| puts "#{status == :pass ? "." : "F"} #{name}#{" - #{why}" if why}" }
    exit(results.all? { _2 == :pass } ? 0 : 1)
  end
  def assert_equal(a, b) = a == b || raise("expected #{a.inspect}, got #{b.inspect}")
  def assert_raises(kind)
    yield
    raise "nothing raised"
  rescue kind
    true
  end
end
class MathTest < TestCase
  def setup = @x = 5
  def test_add = assert_equal(10, @x + 5)
  def test_divide = assert_raises(ZeroDivisionError) { 1 / 0 }
  def test_wrong = assert_equal(3, 1 + 1)
end
MathTest.run
