from collections import ChainMap, Counter, OrderedDict, defaultdict, deque, namedtuple

c = Counter("mississippi")
print(c.most_common(2), c["z"], sum(c.values()), c - Counter("miss"), Counter(a=3) + Counter(a=1, b=2), sorted(c.elements())[:4])
groups = defaultdict(list)
for word in ["apple", "avocado", "bean"]:
    groups[word[0]].append(word)
print(dict(groups), groups["z"], len(groups))
q = deque([1, 2, 3], maxlen=4)
q.append(4)
q.appendleft(0)
q.rotate(1)
print(q, q.popleft(), q.pop(), list(q), q.maxlen)
Point = namedtuple("Point", "x y", defaults=[0])
p = Point(3)
print(p, p.x, p._fields, p._replace(y=9), Point._make([1, 2]), *p)
o = OrderedDict(a=1, b=2, c=3)
o.move_to_end("a")
print(list(o.items()), o.popitem(last=False), ChainMap({"a": 1}, {"a": 2, "b": 3})["b"], list(reversed(o)))
tree = lambda: defaultdict(tree)
t = tree()
t["a"]["b"]["c"] = 1
import json
print(json.dumps(t))
