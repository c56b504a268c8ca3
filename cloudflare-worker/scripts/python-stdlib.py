# ruff: noqa: PTH123, S108, F821
# Run inside the interpreter by the build: the standard library and the packages beside it (`_packages`, {path: base64}) once more with compiled
# modules beside the sources.
import base64
import importlib._bootstrap_external as external
import io
import zipfile

_source = zipfile.ZipFile("/lib/python314.zip")
_files = {info.filename: _source.read(info) for info in _source.infolist() if not info.is_dir()}
_files.update({name: base64.b64decode(text) for name, text in _packages.items()})
_made = io.BytesIO()
with zipfile.ZipFile(_made, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as _target:
    for _name, _data in sorted(_files.items()):
        _target.writestr(zipfile.ZipInfo(_name, (2026, 1, 1, 0, 0, 0)), _data, zipfile.ZIP_DEFLATED)
        if _name.endswith(".py"):
            try:
                _code = compile(_data, "/lib/python314.zip/" + _name, "exec", dont_inherit=True)
            except SyntaxError:
                continue
            # Unchecked: the importer trusts it without asking the source's time.
            _pyc = external._code_to_hash_pyc(_code, b"\0" * 8, False)
            _target.writestr(zipfile.ZipInfo(_name + "c", (2026, 1, 1, 0, 0, 0)), bytes(_pyc), zipfile.ZIP_DEFLATED)
with open("/tmp/stdlib.zip", "wb") as _file:
    _file.write(_made.getvalue())
"/tmp/stdlib.zip"
