import itertools as it

print(list(it.chain([1], [2, 3])), list(it.islice(it.count(5, 5), 4)), list(it.accumulate([1, 2, 3, 4])))
print(list(it.combinations("abc", 2)), len(list(it.permutations(range(5)))), list(it.product([0, 1], repeat=2)))
print([(k, list(g)) for k, g in it.groupby("aaabbc")], list(it.takewhile(lambda n: n < 3, range(9))))
print(list(it.dropwhile(lambda n: n < 3, range(5))), list(it.zip_longest("ab", "x", fillvalue="-")))
print(list(it.starmap(pow, [(2, 3), (3, 2)])), list(it.compress("abcd", [1, 0, 1, 0])), list(it.pairwise([1, 2, 4])))
a, b = it.tee(range(3))
print(list(a), list(b), [next(c) for c in [it.cycle("xy")] for _ in range(3)], list(it.repeat(7, 2)))
print(list(it.combinations_with_replacement([1, 2], 2)), list(it.filterfalse(str.isdigit, "a1b2")))
