import base64
import binascii
import hashlib
import hmac
import html
import random
import statistics
import string
import struct
import textwrap
import urllib.parse
import uuid
import zlib

print(base64.b64encode(b"hello\xff"), base64.b64decode("aGk="), base64.urlsafe_b64encode(b"\xfb\xff"), binascii.hexlify(b"ab"))
print(hashlib.sha256(b"abc").hexdigest()[:16], hashlib.md5(b"").hexdigest(), hmac.new(b"k", b"m", "sha1").hexdigest()[:12])
print(hashlib.blake2b(b"x", digest_size=8).hexdigest(), hashlib.sha3_256(b"").hexdigest()[:12], hashlib.pbkdf2_hmac("sha256", b"p", b"s", 10).hex()[:12])
print(html.escape("<a href='x'>&"), html.unescape("&lt;&eacute;&#39;"), zlib.crc32(b"hello"), zlib.decompress(zlib.compress(b"z" * 100))[:3])
random.seed(42)
print(random.randint(1, 100), random.random(), random.choice("abc"), random.sample(range(10), 3))
letters = list("abcdef")
random.shuffle(letters)
print(letters, random.gauss(0, 1), random.choices("ab", [1, 9], k=5))
print(statistics.mean([1, 2, 3, 4]), statistics.median([5, 1, 3]), statistics.stdev([2, 4, 4, 4, 5, 5, 7, 9]), statistics.mode("aab"))
print(string.ascii_lowercase[:5], string.Template("$who likes ${what}").substitute(who="tim", what="pie"), string.punctuation[:4])
print(struct.pack(">IhB", 1, -2, 3), struct.unpack("<d", struct.pack("<d", 1.5)), struct.calcsize("iq"))
print(textwrap.fill("The quick brown fox jumps over the lazy dog", 20), textwrap.dedent("  a\n    b"), textwrap.shorten("one two three", 9))
print(urllib.parse.quote("a b/ü?"), urllib.parse.urlencode({"q": "x y", "n": 1}), urllib.parse.urlparse("http://h:8/p;a?q=1#f"))
print(urllib.parse.parse_qs("a=1&a=2&b="), urllib.parse.urljoin("http://a/b/c", "../d"), uuid.UUID(int=5), uuid.uuid5(uuid.NAMESPACE_DNS, "x.org"))
