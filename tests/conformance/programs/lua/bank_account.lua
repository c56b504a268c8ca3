local Account = {} Account.__index = Account
function Account.new(owner, balance) return setmetatable({ owner = owner, balance = balance or 0 }, Account) end
function Account:withdraw(amount)
  if amount > self.balance then
    error(string.format("%s has only %d", self.owner, self.balance), 2)
  end
  self.balance = self.balance - amount
end
local a = Account.new("Ada", 100)
a:withdraw(30)
print(a.balance, pcall(a.withdraw, a, 500))
a:withdraw(500)
