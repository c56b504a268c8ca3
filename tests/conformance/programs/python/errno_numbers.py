import errno
import os

try:
    open("missing.txt")
except OSError as error:
    print(error.errno == errno.ENOENT, os.strerror(error.errno), errno.errorcode[error.errno])
    print(error)
