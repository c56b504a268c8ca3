import sys

total = 0
while True:
    try:
        line = input()
    except EOFError:
        print("end of input")
        break
    total += sum(map(int, line.split()))
print(total)
print(repr(sys.stdin.read()))
