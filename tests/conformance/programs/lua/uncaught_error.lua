local function inner(value)
  return value.field.deep
end
local function outer()
  return (inner({}))
end
print("before")
outer()
print("never")
