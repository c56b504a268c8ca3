local function encode(v)
  local t = type(v)
  if t == "table" then
    if #v > 0 then local out = {} for i, x in ipairs(v) do out[i] = encode(x) end return "[" .. table.concat(out, ",") .. "]" end
    local keys = {} for k in pairs(v) do keys[#keys + 1] = k end table.sort(keys)
    local out = {} for i, k in ipairs(keys) do out[i] = string.format("%q:%s", k, encode(v[k])) end
    return "{" .. table.concat(out, ",") .. "}"
  elseif t == "string" then return '"' .. v:gsub('[%c"\\]', function(c) return string.format("\\u%04x", c:byte()) end) .. '"'
  else return tostring(v) end
end
print(encode({ name = "Ada", list = { 1, 2.5, true }, nested = { quote = 'say "hi"' } }))
local function decode(s) local pos = 1
  local function ws() pos = s:find("%S", pos) or #s + 1 end
  local value
  local function list(close, item) local out = {} pos = pos + 1 ws() while s:sub(pos, pos) ~= close do item(out) ws() if s:sub(pos, pos) == "," then pos = pos + 1 ws() end end pos = pos + 1 return out end
  function value() ws() local c = s:sub(pos, pos)
    if c == "{" then return list("}", function(o) local k = value() ws() pos = pos + 1 o[k] = value() end) end
    if c == "[" then return list("]", function(o) o[#o + 1] = value() end) end
    if c == '"' then local e = s:find('"', pos + 1) local r = s:sub(pos + 1, e - 1) pos = e + 1 return r end
    local lit = s:match("^[%w%.%-+]+", pos) pos = pos + #lit if lit == "true" then return true elseif lit == "null" then return nil end return tonumber(lit) end
  return value() end
local d = decode('{"a": [1, 2, {"b": "x"}], "c": true}') print(d.a[3].b, d.a[2], d.c)
