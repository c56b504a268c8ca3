with open("notes.txt", "w") as file:
    file.write("first\n")
    print("second", file=file)
    file.writelines(["third\n", "fourth"])
with open("notes.txt") as file:
    print(file.readline(), end="")
    print(file.read().splitlines(), file.tell())
    file.seek(0)
    for number, line in enumerate(file, 1):
        print(number, line.rstrip())
with open("notes.txt", "a", encoding="utf-8") as file:
    file.write("\nümlaut")
with open("notes.txt", "rb") as file:
    data = file.read()
    print(len(data), data[-7:])
with open("data.bin", "wb") as file:
    file.write(bytes(range(256)))
with open("data.bin", "r+b") as file:
    file.seek(10)
    file.write(b"\xff\xfe")
    file.seek(-2, 2)
    print(file.read(), file.mode)
try:
    open("missing.txt")
except FileNotFoundError as error:
    print(error.strerror, error.filename, isinstance(error, OSError))
try:
    open("notes.txt", "x")
except FileExistsError:
    print("exists")
