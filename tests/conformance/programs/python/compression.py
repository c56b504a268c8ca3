import gzip
import io
import tarfile
import zipfile
import zlib

data = b"compress me " * 50
print(len(zlib.compress(data)) < 60, gzip.decompress(gzip.compress(data)) == data)
with zipfile.ZipFile("a.zip", "w", zipfile.ZIP_DEFLATED) as z:
    z.writestr(zipfile.ZipInfo("one.txt", (2024, 1, 1, 0, 0, 0)), "1")
    z.writestr(zipfile.ZipInfo("d/two.txt", (2024, 1, 1, 0, 0, 0)), "22")
with zipfile.ZipFile("a.zip") as z:
    print(z.namelist(), z.read("d/two.txt"), [i.file_size for i in z.infolist()], z.testzip())
buffer = io.BytesIO()
with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
    info = tarfile.TarInfo("x.txt")
    info.size = 3
    tar.addfile(info, io.BytesIO(b"abc"))
buffer.seek(0)
with tarfile.open(fileobj=buffer) as tar:
    print(tar.getnames(), tar.extractfile("x.txt").read())
import os

os.remove("a.zip")
