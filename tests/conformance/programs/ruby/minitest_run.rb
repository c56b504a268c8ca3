require "minitest/autorun"

class Stack
  def initialize = @items = []
  def push(x) = @items.push(x)
  def pop = @items.pop || raise(IndexError, "empty")
end

class StackTest < Minitest::Test
  i_suck_and_my_tests_are_order_dependent!
  def setup = @stack = Stack.new

  def test_pop
    @stack.push(1)
    assert_equal 1, @stack.pop
  end

  def test_empty
    error = assert_raises(IndexError) { @stack.pop }
    assert_match(/empty/, error.message)
    refute_nil error
    assert_includes [1, 2], 2
  end
end

Minitest.after_run { puts "after run" }
puts "defined"
module Minitest
  class SummaryReporter
    def start = super
    def report = io.puts("#{count} runs, #{assertions} assertions, #{results.count { |r| r.failure && !r.skipped? }} failures")
  end
  class ProgressReporter
    def record(_) = nil
  end
end
