at_exit { puts "at exit" }
at_exit { puts "first" }
begin
  exit 3
rescue SystemExit => e
  puts "caught #{e.status} #{e.success?}"
ensure
  puts "ensure"
end
exit(42)
