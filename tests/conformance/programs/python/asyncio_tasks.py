import asyncio


async def worker(name, queue, results):
    while True:
        item = await queue.get()
        await asyncio.sleep(0.001 * item)
        results.append((name, item))
        queue.task_done()


async def ticker(n):
    for i in range(n):
        yield i
        await asyncio.sleep(0)


async def main():
    queue, results = asyncio.Queue(), []
    for item in [3, 1, 2]:
        queue.put_nowait(item)
    workers = [asyncio.create_task(worker(f"w{i}", queue, results)) for i in range(2)]
    await queue.join()
    for task in workers:
        task.cancel()
    print(sorted(item for _, item in results), await asyncio.gather(*workers, return_exceptions=True) != [])
    print([i async for i in ticker(3)], await asyncio.gather(*(asyncio.sleep(0, n) for n in range(3))))
    try:
        await asyncio.wait_for(asyncio.sleep(10), 0.01)
    except asyncio.TimeoutError:
        print("timeout")
    async with asyncio.TaskGroup() as group:
        a = group.create_task(asyncio.sleep(0.001, "a"))
        b = group.create_task(asyncio.sleep(0, "b"))
    print(a.result(), b.result())
    lock, event = asyncio.Lock(), asyncio.Event()
    async with lock:
        print(lock.locked())
    asyncio.get_running_loop().call_later(0.001, event.set)
    await event.wait()
    print("event")
    return "returned"


print(asyncio.run(main()))
