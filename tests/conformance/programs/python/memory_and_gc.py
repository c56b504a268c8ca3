import gc
import sys
import weakref


class Thing:
    def __del__(self):
        print("deleted")


t = Thing()
r = weakref.ref(t)
print(r() is t, sys.getrefcount(t) >= 2)
del t
print(r())
a = Thing()
a.self = a
del a
print(gc.collect() >= 1)
cache = weakref.WeakValueDictionary()
k = Thing()
cache["k"] = k
print(len(cache))
del k
print(len(cache))
