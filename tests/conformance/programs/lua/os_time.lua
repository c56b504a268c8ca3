print(os.time({ year = 2024, month = 1, day = 31, hour = 12 }), os.date("!%Y-%m-%d %H:%M:%S", 0), os.date("!%A %B %d %j %p", 86400 * 45))
local d = os.date("!*t", 1700000000) print(d.year, d.month, d.day, d.hour, d.min, d.sec, d.wday, d.yday, d.isdst)
print(os.time({ year = 2024, month = 14, day = 1, hour = 0 }) == os.time({ year = 2025, month = 2, day = 1, hour = 0 }), os.difftime(10, 5), type(os.clock()), os.getenv("NO_SUCH_VARIABLE"), os.time() > 1.7e9)
print(os.date("!%x", 0), pcall(os.date, "%Ez", 0)) print(type(os.tmpname()))
