-- What runs around a Lua program: its context, its input that has to be waited for, its value as JSON, its error with a traceback.
-- Everything it needs is taken before the program starts. Returns the function that isolate.ts calls.
local xpcall, type, tostring, pairs, next, select, rawequal, getmetatable, error, load, loadfile = xpcall, type, tostring, pairs, next, select, rawequal, getmetatable, error, load, loadfile
local math_type, huge, traceback, format, gsub, byte, concat, len = math.type, math.huge, debug.traceback, string.format, string.gsub, string.byte, table.concat, utf8.len
local pack, unpack = table.pack, table.unpack
local sort, sub, ipairs = table.sort, string.sub, ipairs
local awaited, wrapped = false, false
local DEPTH_MAX, NODES_MAX, SAFE = 64, 100000, 2 ^ 53

local function text(value)
  local escaped = gsub(value, '[%c"\\\127]', function(char) return format("\\u%04x", byte(char)) end)
  if len(escaped) then return '"' .. escaped .. '"' end
  -- Bytes that are no text: each becomes the character of its number.
  return '"' .. gsub(escaped, "[\128-\255]", function(char) return format("\\u%04x", byte(char)) end) .. '"'
end

local function json(value)
  local open, nodes = {}, 0
  local function convert(item, depth)
    nodes = nodes + 1
    if nodes > NODES_MAX or depth > DEPTH_MAX then return '"…"' end
    local kind = type(item)
    if kind == "nil" then return "null" end
    if kind == "boolean" then return item and "true" or "false" end
    if kind == "string" then return text(item) end
    if kind == "number" then
      if math_type(item) == "integer" then return (item >= -SAFE and item <= SAFE) and format("%d", item) or '"' .. format("%d", item) .. '"' end
      if item ~= item or item == huge or item == -huge then return "null" end
      return format("%.17g", item)
    end
    if kind ~= "table" then return text(tostring(item)) end
    if open[item] then return '"…"' end
    open[item] = true
    local parts, count, most = {}, 0, 0
    for key in next, item do
      count = count + 1
      if math_type(key) == "integer" and key > 0 then if key > most then most = key end else most = huge end
    end
    if count > 0 and most == count then
      for at = 1, count do parts[at] = convert(item[at], depth + 1) end
    else
      for key, entry in next, item do parts[#parts + 1] = text(type(key) == "string" and key or tostring(key)) .. ":" .. convert(entry, depth + 1) end
    end
    open[item] = nil
    if count > 0 and most == count then return "[" .. concat(parts, ",") .. "]" end
    return "{" .. concat(parts, ",") .. "}"
  end
  return convert(value, 0)
end

-- Reading may have to wait for somebody who types: the program is suspended, through any coroutines of its own.
local NEED = "\0need"
local function awaitInput()
  local yield, resume, create, close, status = coroutine.yield, coroutine.resume, coroutine.create, coroutine.close, coroutine.status
  local function pass(thread, ok, first, ...)
    if ok and rawequal(first, NEED) then
      yield(first, ...)
      return pass(thread, resume(thread))
    end
    return ok, first, ...
  end
  function coroutine.resume(thread, ...) return pass(thread, resume(thread, ...)) end
  function coroutine.wrap(body)
    local thread = create(body)
    local function answer(ok, ...)
      if ok then return ... end
      if status(thread) ~= "dead" then close(thread) end
      error((...), 0)
    end
    return function(...) return answer(pass(thread, resume(thread, ...))) end
  end
  local stdin = io.stdin
  stdin:setvbuf("no")
  local methods = getmetatable(stdin).__index
  local input, read, lines = io.input, methods.read, methods.lines
  local function need(file, ...)
    if not awaited or not rawequal(file, stdin) then return end
    io.stdout:flush()
    if select("#", ...) == 0 then return yield(NEED, "l") end
    for at = 1, select("#", ...) do yield(NEED, tostring((select(at, ...)))) end
  end
  function methods.read(file, ...) need(file, ...) return read(file, ...) end
  function io.read(...) return methods.read(input(), ...) end
  function methods.lines(file, ...)
    if not rawequal(file, stdin) then return lines(file, ...) end
    local formats = pack(...)
    return function() return methods.read(file, unpack(formats, 1, formats.n)) end
  end
  local iolines = io.lines
  function io.lines(name, ...)
    if name == nil then return methods.lines(input(), ...) end
    return iolines(name, ...)
  end
end

-- The system interface of WebAssembly numbers errors in its own way; programs know Linux's numbers.
local LINUX = { [2] = 13, [8] = 9, [20] = 17, [28] = 22, [31] = 21, [33] = 24, [44] = 2, [51] = 28, [54] = 20, [55] = 39, [63] = 1 }
local function numbered(call)
  local function answer(first, message, number, ...)
    if first == nil and LINUX[number] then return first, message, LINUX[number] end
    return first, message, number, ...
  end
  return function(...)
    local answered = pack(call(...))
    if answered.n < 3 then return unpack(answered, 1, answered.n) end
    return answer(unpack(answered, 1, answered.n))
  end
end

io.open, os.remove, os.rename = numbered(io.open), numbered(os.remove), numbered(os.rename)

local function handler(thrown)
  local message = thrown
  if type(thrown) ~= "string" and type(thrown) ~= "number" then
    local meta = type(thrown) == "table" and getmetatable(thrown)
    if meta and meta.__tostring then message = tostring(thrown) else message = "(error object is a " .. type(thrown) .. " value)" end
  end
  return { message = tostring(message), stack = traceback(tostring(message), 2) }
end

-- What the program's globals hold, as JSON: those that were not there before any program.
local given = {}
for name in next, _G do given[name] = true end
given.arg = true
local function count(value)
  local entries = 0
  for _ in next, value do entries = entries + 1 end
  return entries .. (entries == 1 and " entry" or " entries")
end
local function inventory()
  local names, found = {}, {}
  for name, value in next, _G do
    if type(name) == "string" and not given[name] then names[#names + 1] = name end
  end
  sort(names)
  for at, name in ipairs(names) do
    if at > 500 then break end
    local value = _G[name]
    local kind = type(value)
    local shown = kind == "string" and format("%q", sub(value, 1, 80)) or (kind == "number" or kind == "boolean") and tostring(value) or kind == "table" and "table of " .. count(value) or kind
    found[at] = '{"name":' .. text(sub(name, 1, 80)) .. ',"type":"' .. kind .. '","repr":' .. text(shown) .. "}"
  end
  return "[" .. concat(found, ",") .. "]"
end

-- What the session lends to each run; no part of what the runs leave.
local lent, getenv = {}, os.getenv
os.getenv = function(name)
  local found = lent[name]
  if found ~= nil then return found end
  return getenv(name)
end

local function main(entry, context, environment, folder, interactive, popen, execute, ...)
  package.path = "?.lua;?/init.lua" .. (folder == "" and "" or ";" .. folder .. "/?.lua;" .. folder .. "/?/init.lua")
  package.cpath = ""
  arg = { [0] = entry, ... }
  io.popen = function() error(popen, 2) end
  os.execute = function(command) if command == nil then return false end error(execute, 2) end
  awaited = interactive == "yes"
  if awaited and not wrapped then
    wrapped = true
    awaitInput()
  end
  lent = load(environment, "=environment", "t")()
  if context ~= "" then
    local values, fault = load(context, "=context", "t")
    if not values then return "syntax", fault, fault end
    local ok, thrown = xpcall(values, handler)
    if not ok then return "error", thrown.message, thrown.stack end
  end
  local chunk, fault = loadfile(entry, "t")
  if not chunk then return "syntax", fault, fault end
  local answer = pack(xpcall(chunk, handler, ...))
  if not answer[1] then
    local thrown = answer[2]
    if type(thrown) ~= "table" then return "error", tostring(thrown), tostring(thrown) end
    return "error", thrown.message, thrown.stack
  end
  if answer.n == 1 or (answer.n == 2 and answer[2] == nil) then return "none" end
  if answer.n == 2 then return "value", json(answer[2]) end
  local values = {}
  for at = 2, answer.n do values[at - 1] = json(answer[at]) end
  return "value", "[" .. concat(values, ",") .. "]"
end

local function session(...)
  local answer = pack(main(...))
  lent = {}
  return unpack(answer, 1, answer.n)
end

return session, inventory
