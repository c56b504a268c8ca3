class LinkedList
  include Enumerable
  Node = Struct.new(:value, :next_node)
  def initialize(*values) = values.each { self << _1 }
  def <<(value)
    node = Node.new(value)
    @head ? tail.next_node = node : @head = node
    self
  end
  def each
    return to_enum(:each) { count } unless block_given?
    node = @head
    while node
      yield node.value
      node = node.next_node
    end
  end
  def reverse!
    previous, node = nil, @head
    previous, node.next_node, node = node, previous, node.next_node while node
    @head = previous
    self
  end
  private def tail = @head.then { |n| n = n.next_node while n.next_node; n }
end
list = LinkedList.new(1, 2, 3)
p list.to_a, list.map { _1 * 2 }, list.include?(2), list.each.next, list.sort_by { -_1 }, list.first(2), list.inject(:+), list.each_slice(2).to_a
