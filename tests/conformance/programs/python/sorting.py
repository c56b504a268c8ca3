from operator import attrgetter, itemgetter

people = [("Ada", 36), ("Bob", 25), ("Cyd", 36), ("Dan", 19)]
print(sorted(people, key=itemgetter(1)), sorted(people, key=lambda p: (-p[1], p[0])))
print(max(people, key=itemgetter(1)), sorted("bANana", key=str.lower), sorted([3, -1, 2], key=abs))


def bubble(items):
    items = list(items)
    for end in range(len(items) - 1, 0, -1):
        for i in range(end):
            if items[i] > items[i + 1]:
                items[i], items[i + 1] = items[i + 1], items[i]
    return items


def quick(items):
    if len(items) < 2:
        return items
    pivot, *rest = items
    return [*quick([x for x in rest if x < pivot]), pivot, *quick([x for x in rest if x >= pivot])]


def merge(a, b):
    out = []
    while a and b:
        out.append(a.pop(0) if a[0] <= b[0] else b.pop(0))
    return out + a + b


data = [9, -3, 5, 0, 5, 2, 11]
print(bubble(data), quick(data), merge([1, 4, 9], [2, 3, 10, 12]), data)
import bisect
import heapq

keys = [1, 3, 5, 7]
bisect.insort(keys, 4)
print(keys, bisect.bisect_left(keys, 5), heapq.nsmallest(3, data), heapq.nlargest(2, data))
heap = data[:]
heapq.heapify(heap)
print([heapq.heappop(heap) for _ in range(len(heap))], list(heapq.merge([1, 4], [2, 3])))
try:
    sorted([1, "a"])
except TypeError as error:
    print(error)
