local s = "Hello, Wörld"
print(s:len(), s:upper(), s:sub(1, 5), s:sub(-3), s:rep(2, "|"), s:reverse():sub(1, 2) ~= nil, s:byte(1, 3), string.char(72, 105))
print(s:find("o"), s:find("o", 6), s:find("l+"), s:find(".", 1, true), s:match("(%a+), (%a+)"), ("x"):rep(0) == "")
print(("a,b,,c"):gsub(",", ";"), ("hello world"):gsub("o", "0", 1), ("abc"):gsub("%w", "%0%0"), ("hello"):gsub("l", { l = "L" }), ("x1y22"):gsub("%d+", function(d) return "<" .. d .. ">" end))
for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do io.write(k, v, ";") end print()
print(("%d %5.2f %s %q %x %g %i %5s|%-5s| %c %o %e %%"):format(42, 3.14159, "str", 'quo"te\n', 255, 1e20, 7, "r", "l", 65, 8, 12345.678))
print(("%5d|%05d|%+d|%.3s|%10.4f|%a"):format(42, 42, 42, "abcdef", math.pi, 1))
print(tostring(12), tonumber("0x1F"), tonumber("  12  "), tonumber("1e2"), tonumber("z", 36), tonumber("abc"), tonumber("10", 2), tonumber(""), math.tointeger("8"))
print(utf8.len(s), utf8.char(228, 8364, 128512), utf8.codepoint("é", 1), #utf8.char(128512)) for p, c in utf8.codes("aé") do io.write(p, ":", c, " ") end print()
print([[long
string]], [==[with ]] inside]==], "esc\t\"\\\65\x41\u{e9}\z
       joined", 'single')
print(("test123"):match("^%a+"), ("  trim  "):match("^%s*(.-)%s*$") .. "|", ("key = value"):match("^(%w+)%s*=%s*(%w+)$"), ("[x]"):match("%[(.-)%]"), ("f(a(b)c)"):match("%b()"), ("THE (quick) fox"):find("%((%a+)%)"))
print("10" + 5, "3" * "4", 10 .. 20, "abc" < "abd", "Z" < "a", "" == "", #"\0x")
print(("one;two;;four"):find(";", 1, true), string.format("%-10s|", "é"), ("%s %s"):format(nil, true), ("x"):byte(10))
print(pcall(string.rep)) print(pcall(string.format, "%d", 1.5)) print(pcall(string.format, "%d", "x"))
