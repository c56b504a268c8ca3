from datetime import datetime
from zoneinfo import ZoneInfo

paris = datetime(2024, 7, 1, 12, 0, tzinfo=ZoneInfo("Europe/Paris"))
print(paris.isoformat(), paris.astimezone(ZoneInfo("UTC")).isoformat(), paris.astimezone(ZoneInfo("America/New_York")).isoformat())
print(paris.tzname(), paris.dst(), datetime(2024, 1, 1, tzinfo=ZoneInfo("Asia/Tokyo")).utcoffset())
