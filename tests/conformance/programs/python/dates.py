from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo
import calendar
import time

d = date(2024, 2, 28)
print(d + timedelta(days=2), d.isoformat(), d.strftime("%d %B %Y, %A %j %U"), d.weekday(), d.isocalendar().week)
print((date(2024, 12, 25) - d).days, date.fromisoformat("2023-03-01").replace(year=2025), calendar.isleap(1900))
t = datetime(2024, 3, 10, 14, 5, 9, 123456, tzinfo=timezone.utc)
print(t.isoformat(), t.timestamp(), t.strftime("%H:%M:%S.%f %p %z"), t.astimezone(timezone(timedelta(hours=-5))))
print(datetime.strptime("31/01/2024 08:30", "%d/%m/%Y %H:%M"), datetime.fromtimestamp(0, timezone.utc))
print(timedelta(hours=26, minutes=3.5), timedelta(days=-1, seconds=5), timedelta(seconds=90) / 2, str(timedelta(days=3)))
print(calendar.month(2024, 2), calendar.monthrange(2023, 2)[1], sep="")
print(time.strftime("%Y-%m-%d", time.gmtime(86400)), datetime.max.year, t.date() == date(2024, 3, 10))
print(datetime(2024, 1, 1) < datetime(2024, 1, 2), datetime.now().year >= 2024, time.time() > 1.7e9)
try:
    date(2023, 2, 29)
except ValueError as error:
    print("ValueError")
try:
    datetime.strptime("x", "%Y")
except ValueError as error:
    print(error)
