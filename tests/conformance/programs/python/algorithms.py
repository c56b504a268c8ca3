import heapq
from collections import deque


def dijkstra(graph, start):
    best, queue = {start: 0}, [(0, start)]
    while queue:
        cost, node = heapq.heappop(queue)
        for neighbour, weight in graph[node].items():
            if cost + weight < best.get(neighbour, float("inf")):
                best[neighbour] = cost + weight
                heapq.heappush(queue, (cost + weight, neighbour))
    return best


def bfs(maze, start, goal):
    queue, seen = deque([(start, 0)]), {start}
    while queue:
        (r, c), d = queue.popleft()
        if (r, c) == goal:
            return d
        for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            n = (r + dr, c + dc)
            if 0 <= n[0] < len(maze) and 0 <= n[1] < len(maze[0]) and maze[n[0]][n[1]] == "." and n not in seen:
                seen.add(n)
                queue.append((n, d + 1))


def primes(n):
    sieve = bytearray([1]) * (n + 1)
    sieve[:2] = b"\0\0"
    for i in range(2, int(n**0.5) + 1):
        if sieve[i]:
            sieve[i * i :: i] = bytes(len(range(i * i, n + 1, i)))
    return [i for i, p in enumerate(sieve) if p]


def lcs(a, b):
    table = [[""] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            table[i + 1][j + 1] = table[i][j] + x if x == y else max(table[i][j + 1], table[i + 1][j], key=len)
    return table[-1][-1]


def queens(n, placed=()):
    if len(placed) == n:
        return 1
    return sum(
        queens(n, (*placed, c)) for c in range(n) if all(c != p and abs(c - p) != len(placed) - r for r, p in enumerate(placed))
    )


print(dijkstra({"a": {"b": 7, "c": 3}, "b": {"d": 2}, "c": {"b": 1, "d": 8}, "d": {}}, "a"))
print(bfs(["..#.", ".#..", "....", "#.#."], (0, 0), (0, 3)), primes(60), len(primes(100000)))
print(lcs("AGGTAB", "GXTXAYB"), queens(6), [f"{'Fizz' * (i % 3 == 0)}{'Buzz' * (i % 5 == 0)}" or i for i in range(1, 16)])
