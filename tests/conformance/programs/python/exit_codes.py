import atexit
import sys

atexit.register(lambda: print("at exit"))
try:
    sys.exit(3)
except SystemExit as error:
    print("caught", error.code)
finally:
    print("finally")
sys.exit(42)
