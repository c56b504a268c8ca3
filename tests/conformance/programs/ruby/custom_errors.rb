class AppError < StandardError
  attr_reader :code
  def initialize(message = "app failed", code: 1)
    super(message)
    @code = code
  end
end
class NotFound < AppError; end
def find(id)
  raise NotFound.new("no record #{id}", code: 404) if id > 2
  raise AppError if id == 2
  "record #{id}"
end
[1, 2, 3].each do |id|
  puts find(id)
rescue NotFound => e
  puts "#{e.class}: #{e.message} (#{e.code})"
rescue AppError, IOError => e
  puts "app: #{e.message} #{e.code}"
else
  puts "fine"
ensure
  puts "done #{id}"
end
attempts = 0
begin
  attempts += 1
  raise "flaky" if attempts < 3
  puts "worked after #{attempts}"
rescue
  retry
end
begin
  begin
    Integer("x")
  rescue ArgumentError
    raise AppError, "wrapped"
  end
rescue AppError => e
  puts e.message, e.cause.class, e.cause.message
end
p (raise "inline" rescue "rescued"), catch(:done) { 10.times { |i| throw :done, i if i == 3 }; :never }, e.backtrace.first[/custom_errors\.rb:\d+/]
def ensure_order
  return :returned
ensure
  puts "ensure runs"
end
p ensure_order
begin
  throw :unknown
rescue UncaughtThrowError => e
  puts e.message
end
begin
  raise Exception, "not standard"
rescue StandardError
  puts "never"
rescue Exception => e
  puts "exception #{e.message}"
end
warn "to stderr"
find(9)
