local function check(age)
  if age < 0 then
    error("age must not be negative: " .. age)
  end
  return age
end
print(check(5))
check(-1)
