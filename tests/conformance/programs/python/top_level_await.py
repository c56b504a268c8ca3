import asyncio


async def double(n):
    await asyncio.sleep(0)
    return 2 * n


print(await double(21))
async with asyncio.timeout(1):
    print([await double(i) for i in range(3)])
await double(4)
