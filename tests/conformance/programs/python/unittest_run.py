import io
import unittest


def add(a, b):
    return a + b


class AddTest(unittest.TestCase):
    def setUp(self):
        self.base = 10

    def test_adds(self):
        self.assertEqual(add(self.base, 5), 15)

    def test_raises(self):
        with self.assertRaisesRegex(TypeError, "unsupported"):
            add(1, "x")

    def test_subtests(self):
        for n in range(3):
            with self.subTest(n=n):
                self.assertLess(n, 3)

    def test_fails(self):
        self.assertEqual(add(1, 1), 3, "one and one")

    @unittest.skip("later")
    def test_skipped(self):
        pass


stream = io.StringIO()
result = unittest.TextTestRunner(stream=stream, verbosity=2).run(unittest.defaultTestLoader.loadTestsFromTestCase(AddTest))
print(result.testsRun, len(result.failures), len(result.errors), len(result.skipped), result.wasSuccessful())
print("AssertionError: 2 != 3 : one and one" in stream.getvalue(), "FAILED (failures=1, skipped=1)" in stream.getvalue())
