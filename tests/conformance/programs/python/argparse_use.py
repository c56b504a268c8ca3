import argparse

parser = argparse.ArgumentParser(prog="tool", description="Adds numbers.")
parser.add_argument("numbers", nargs="+", type=int)
parser.add_argument("--scale", type=float, default=1.0)
parser.add_argument("-q", "--quiet", action="store_true")
sub = parser.parse_args()
print(sub.numbers, sub.scale, sub.quiet, sum(sub.numbers) * sub.scale)
