def f = raise("x")
begin
  f
rescue => e
  puts e.backtrace
end
