from collections import Counter

cells = {(1, 0), (2, 1), (0, 2), (1, 2), (2, 2)}


def step(live):
    near = Counter((x + dx, y + dy) for x, y in live for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy)
    return {cell for cell, n in near.items() if n == 3 or (n == 2 and cell in live)}


for generation in range(3):
    print("generation", generation)
    for y in range(5):
        print("".join("#" if (x, y) in cells else "." for x in range(5)))
    cells = step(cells)
