class InsufficientFunds(Exception):
    """Raised when a withdrawal is larger than the balance."""


class Account:
    def __init__(self, owner, balance=0):
        self.owner = owner
        self._balance = balance
        self.__pin = 1234

    @property
    def balance(self):
        return self._balance

    @balance.setter
    def balance(self, value):
        if value < 0:
            raise InsufficientFunds(f"{self.owner} is short of {-value}")
        self._balance = value

    def withdraw(self, amount):
        self.balance -= amount


account = Account("Ada", 100)
account.withdraw(30)
print(account.balance, account._Account__pin)
try:
    print(account.__pin)
except AttributeError as error:
    print(error)
account.withdraw(500)
