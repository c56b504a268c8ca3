import unittest


class Works(unittest.TestCase):
    def test_one(self):
        self.assertTrue([1])

    def test_two(self):
        self.fail("on purpose")


if __name__ == "__main__":
    print("starting")
    unittest.main()
