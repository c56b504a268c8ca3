from concurrent.futures import Future, ThreadPoolExecutor, as_completed


def work(n):
    if n == 2:
        raise ValueError(f"cannot do {n}")
    return n * n


with ThreadPoolExecutor(max_workers=3) as pool:
    print(list(pool.map(pow, [2, 3], [3, 2])))
    futures = {pool.submit(work, n): n for n in range(4)}
    for future in sorted(as_completed(futures), key=futures.get):
        error = future.exception()
        print(futures[future], error if error else future.result(), future.done())
    print(isinstance(pool.submit(work, n=5), Future))
try:
    pool.submit(work, 1)
except RuntimeError as error:
    print(error)
