from importlib.metadata import version

import greeting
import micropip

print(greeting.greet("Ada"), version("greeting"), micropip.list()["greeting"])
await micropip.install("greeting-1.0-py3-none-any.whl")
for wanted in ["fast-1.0-cp312-cp312-manylinux_2_28_x86_64.whl", "absent.whl", "left-pad>=2"]:
    try:
        await micropip.install(wanted)
    except ValueError as error:
        print(error)
for name in ["fast", "numpy", "flask", "tkinter", "unheard_of"]:
    try:
        __import__(name)
    except ModuleNotFoundError as error:
        print(error)
