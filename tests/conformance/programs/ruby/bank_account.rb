class InsufficientFunds < StandardError
  def initialize(owner, missing) = super("#{owner} is short of #{missing}")
end
class Account
  attr_reader :balance
  def initialize(owner, balance = 0)
    @owner, @balance = owner, balance
  end
  def withdraw(amount)
    raise InsufficientFunds.new(@owner, amount - @balance) if amount > @balance
    @balance -= amount
  end
end
account = Account.new("Ada", 100)
puts account.withdraw(30)
begin
  account.withdraw(500)
rescue InsufficientFunds => e
  puts "rescued: #{e.message}"
end
account.balance = 5
