q = Queue.new
q << 1
q.push(2)
p q.size, q.pop, q.empty?, q.length
m = Mutex.new
p m.synchronize { 5 }, m.locked?
results = []
threads = 3.times.map { |n| Thread.new { results << n * n } }
threads.each(&:join)
p results.sort, Thread.new { 1 + 1 }.value
