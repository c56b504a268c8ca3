from unittest.mock import MagicMock, patch


class Client:
    def fetch(self, url):
        raise RuntimeError("no network in tests")


client = MagicMock(spec=Client)
client.fetch.return_value = {"ok": True}
print(client.fetch("u"), client.fetch.call_args, client.fetch.call_count)
client.fetch.assert_called_once_with("u")
with patch.object(Client, "fetch", side_effect=[1, ValueError("second")]):
    c = Client()
    print(c.fetch("a"))
    try:
        c.fetch("b")
    except ValueError as error:
        print(error)
try:
    client.other()
except AttributeError as error:
    print("AttributeError")
