import glob
import os
import shutil
import tempfile
from pathlib import Path

base = Path("work")
(base / "sub" / "deep").mkdir(parents=True)
(base / "a.txt").write_text("alpha")
(base / "sub" / "b.txt").write_text("beta\n")
(base / "sub" / "c.csv").write_bytes(b"1,2\n")
print(sorted(p.as_posix() for p in base.rglob("*")), sorted(glob.glob("work/**/*.txt", recursive=True)))
p = Path("work/sub/b.txt")
print(p.name, p.stem, p.suffix, p.parent, p.parts, p.exists(), p.is_dir(), p.stat().st_size, p.read_text().strip())
print(p.with_suffix(".md"), p.with_name("z"), Path("a") / "../b", os.path.join("x", "y"), os.path.splitext("f.tar.gz"))
p.rename("work/renamed.txt")
shutil.copy("work/a.txt", "work/copy.txt")
shutil.move("work/copy.txt", "work/sub/moved.txt")
print(sorted(os.listdir("work")), [sorted(f) for _, _, f in sorted(os.walk("work"))])
os.remove("work/a.txt")
os.rmdir("work/sub/deep")
shutil.rmtree("work/sub")
print(os.path.exists("work/sub"), os.path.basename(os.getcwd()) != "", os.sep, os.environ.get("NOT_SET", "unset"))
with tempfile.TemporaryDirectory() as folder:
    (Path(folder) / "t").touch()
    print(os.listdir(folder))
os.environ["MINE"] = "1"
print(os.getenv("MINE"), os.path.isabs(os.path.abspath("x")))
