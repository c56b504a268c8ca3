import threading

results = []


def work(n):
    results.append(n * n)


print(threading.current_thread().name, threading.active_count())
lock = threading.Lock()
with lock:
    print(lock.locked())
local = threading.local()
local.x = 1
print(local.x)
threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sorted(results))
