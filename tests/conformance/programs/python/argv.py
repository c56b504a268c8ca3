import sys

print(sys.argv[0], len(sys.argv))
for number, argument in enumerate(sys.argv[1:], 1):
    print(number, repr(argument))
