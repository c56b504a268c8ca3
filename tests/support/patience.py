"""How long a test waits. Nothing here is ever waited out where all is well; nothing of the project is known here."""

# What comes at all comes within this time, however crowded the machine is.
PATIENCE_S = 120.0
# What is promised within a second or two: ten times that where others take the processors, and far less than
# what the same would take on its own.
SOON_S = 10.0
