import copy
import pickle
import pprint
from array import array
from types import SimpleNamespace

nested = {"name": "x" * 20, "list": list(range(25)), "inner": {"k%d" % i: "v" * 10 for i in range(4)}}
pprint.pprint(nested, width=60)
a = [[1], [2]]
shallow, deep = copy.copy(a), copy.deepcopy(a)
a[0].append(9)
print(shallow, deep)


class Node:
    def __init__(self, value, parent=None):
        self.value, self.parent = value, parent


node = Node(2, Node(1))
again = pickle.loads(pickle.dumps(node))
print(again.value, again.parent.value, again is node, pickle.loads(pickle.dumps({"a": {1, 2}})))
print(array("i", [1, 2, 3]).tobytes(), SimpleNamespace(a=1, b="x"), memoryview(b"abc")[1], bytearray(b"ab") + b"c")
loop = [1]
loop.append(loop)
print(loop, copy.deepcopy(loop)[1][1][0])
