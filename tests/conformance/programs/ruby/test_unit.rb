require "test/unit"
require "test/unit/testresult"

class MathTest < Test::Unit::TestCase
  def test_add
    assert_equal(4, 2 + 2)
    assert_raise(ZeroDivisionError) { 1 / 0 }
  end

  def test_wrong
    assert_equal(5, 2 + 2, "two and two")
  end
end

Test::Unit::AutoRunner.need_auto_run = false
suite = MathTest.suite
result = Test::Unit::TestResult.new
suite.run(result) { |*| nil }
puts result.run_count, result.failure_count, result.passed?
