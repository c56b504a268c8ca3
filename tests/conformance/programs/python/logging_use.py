import logging
import sys

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s:%(name)s:%(lineno)d:%(message)s")
log = logging.getLogger("app.core")
log.debug("hidden")
log.info("started %d of %s", 1, "two")
log.warning("careful")
try:
    1 / 0
except ZeroDivisionError:
    log.error("failed: %s", sys.exc_info()[0].__name__)
handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(logging.Formatter("[{message}]", style="{"))
quiet = logging.getLogger("other")
quiet.propagate = False
quiet.addHandler(handler)
quiet.setLevel("DEBUG")
quiet.debug("own handler")
import warnings

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    warnings.warn("old", DeprecationWarning)
print(caught[0].category.__name__, caught[0].message)
