local rooms = { hall = { north = "garden", text = "A hall." }, garden = { south = "hall", text = "A garden." } }
local here, turns = "hall", 0
print(rooms[here].text)
for command in io.lines() do
  turns = turns + 1
  local verb, what = command:match("^(%w+)%s*(%w*)$")
  if verb == "go" and rooms[here][what] then here = rooms[here][what] print(rooms[here].text)
  elseif verb == "quit" then print("Bye after " .. turns .. " turns.") os.exit(turns)
  else print("I do not understand '" .. command .. "'.") end
end
