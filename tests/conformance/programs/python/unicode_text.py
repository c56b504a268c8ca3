import unicodedata

text = "naïve café 日本語 🎉 Ωμέγα"
print(text, len(text), len(text.encode()), text.upper())
print([unicodedata.name(c) for c in "é日🎉"])
print(unicodedata.normalize("NFD", "é") == "e\u0301", len(unicodedata.normalize("NFD", "é")))
print("👩‍👩‍👧".encode("unicode_escape").decode(), len("👩‍👩‍👧"))
print(sorted(["zebra", "Äpfel", "apple", "éclair"]), "ﬁ".casefold(), unicodedata.category("€"))
print("日本".encode("shift_jis"), "\u00e9".encode("ascii", "xmlcharrefreplace"), ascii("é🎉"))
größe = 3
print(größe, "größe".isidentifier())
