# Run by the build with the project's own Python: the pure-Python packages that programs find in the isolate, as JSON {path: base64}.
# They are those that the build's requirements pin; a folder of ours lies over what cannot be used there.
import base64
import json
import sys
from importlib.metadata import distribution
from pathlib import Path

PACKAGES = ("requests", "urllib3", "idna", "charset-normalizer", "tzdata")
# certifi is ours; the others have no sense in the isolate.
LEFT_OUT = ("urllib3/contrib/", "urllib3/http2/", "charset_normalizer/cli/")
KEPT = ("urllib3/contrib/__init__.py", "urllib3/http2/__init__.py", "urllib3/http2/probe.py")
ABOUT = ("METADATA", "LICENSE", "LICENSE.md", "LICENSE.txt", "NOTICE")


def wanted(path: str) -> bool:
    if ".dist-info/" in path:
        return path.rsplit("/", 1)[1] in ABOUT
    if path.startswith("tzdata/zoneinfo/"):
        return True
    return path.endswith(".py") and (path in KEPT or not path.startswith(LEFT_OUT))


files: dict[str, bytes] = {}
for name in PACKAGES:
    for file in distribution(name).files or ():
        if wanted(file.as_posix()):
            files[file.as_posix()] = file.locate().read_bytes()
ours = Path(sys.argv[1])
for path in sorted(ours.rglob("*.py")):
    files[path.relative_to(ours).as_posix()] = path.read_bytes()
json.dump({name: base64.b64encode(files[name]).decode() for name in sorted(files)}, sys.stdout)
