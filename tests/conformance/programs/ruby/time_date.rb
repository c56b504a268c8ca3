t = Time.utc(2024, 2, 29, 13, 5, 9)
puts t, t.iso8601 rescue puts t.strftime("%FT%TZ")
puts t.strftime("%Y-%m-%d %H:%M:%S %A %B %j %-d %e %I:%M %p %y %b %Z %%"), t.to_i, t.year, t.month, t.wday, t.yday, t.monday?, (t + 86400).day, t - Time.utc(2024, 1, 1), t <=> Time.at(0), Time.at(0).utc, t.to_a.inspect, t.hour, t.usec, (t.round == t), Time.at(1.5).utc.strftime("%S.%L"), Time.now.year >= 2024, Time.now - Time.now <= 0
require "date"
d = Date.new(2024, 1, 31)
puts d, d + 1, d >> 1, d.next_month, d.strftime("%d.%m.%Y"), (Date.new(2024, 12, 25) - d).to_i, d.leap?, d.cwday, d.cweek, d.saturday?, Date.valid_date?(2023, 2, 29), Date.parse("3rd Feb 2001"), Date.strptime("31/12/2023", "%d/%m/%Y"), d.step(d + 2).map(&:day).inspect, (d..d + 3).count, d.next_day(3), d.prev_month, Date.new(2024, -1, -1), d.ajd.class, d.to_time.class, d.beginning rescue puts "no such method"
puts DateTime.new(2024, 1, 2, 3, 4, 5).iso8601, DateTime.parse("2024-01-02T03:04:05+02:00").hour, Time.parse("2024-05-06 07:08:09 UTC").min rescue puts $!.message
require "time"
puts Time.parse("2024-05-06 07:08:09 UTC").min, Time.iso8601("2024-01-01T00:00:00Z"), t.iso8601(3), t.httpdate, t.xmlschema
begin
  Date.new(2023, 2, 30)
rescue Date::Error => e
  puts e.message
end
begin
  Date.parse("nonsense")
rescue Date::Error => e
  puts e.message
end
puts Time.new(2024, 1, 1, 12, 0, 0, "+02:00"), Time.new(2024, 1, 1, 12, 0, 0, "+02:00").utc, Time.gm(2000).localtime("-05:00"), Comparable.instance_method(:clamp).name, Process.clock_gettime(Process::CLOCK_MONOTONIC).class
