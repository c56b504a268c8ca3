import lib.parse

print(lib.parse.number("12"))
print(lib.parse.number("twelve"))
