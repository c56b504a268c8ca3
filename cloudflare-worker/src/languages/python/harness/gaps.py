"""What the standard library lacks in this build and Python itself can do; taken into the memory image.
Nothing here changes what is there."""


import gc
import hashlib
import hmac
import threading
from concurrent.futures import Future, ThreadPoolExecutor

NO_THREADS = "can't start new thread: there are no threads here; call the function directly, or use asyncio"


def _no_thread(*args, **kwargs):
    raise RuntimeError(NO_THREADS)


def _submit(self, fn, /, *args, **kwargs):
    """Work for a pool of threads is done at once, in the order it comes."""
    if self._shutdown:
        raise RuntimeError("cannot schedule new futures after shutdown")
    future = Future()
    future.set_running_or_notify_cancel()
    try:
        result = fn(*args, **kwargs)
    except Exception as error:
        future.set_exception(error)
    else:
        future.set_result(result)
    return future


def pbkdf2_hmac(hash_name, password, salt, iterations, dklen=None):
    """Password-based key derivation (PKCS #5); OpenSSL's is not here."""
    if iterations < 1:
        raise ValueError("iteration value must be greater than 0.")
    keyed = hmac.new(password, digestmod=hash_name)
    length = keyed.digest_size if dklen is None else dklen
    if length < 1:
        raise ValueError("key length must be greater than 0.")

    def digest(message):
        copy = keyed.copy()
        copy.update(message)
        return copy.digest()

    derived = b""
    block = 0
    while len(derived) < length:
        block += 1
        last = digest(salt + block.to_bytes(4, "big"))
        mixed = int.from_bytes(last, "big")
        for _ in range(iterations - 1):
            last = digest(last)
            mixed ^= int.from_bytes(last, "big")
        derived += mixed.to_bytes(keyed.digest_size, "big")
    return derived[:length]


if not hasattr(hashlib, "pbkdf2_hmac"):
    hashlib.pbkdf2_hmac = pbkdf2_hmac
# With CPython's own threshold every young collection of this build walks the whole heap: lists that grow took quadratic time.
gc.set_threshold(20_000, 50, 0)
threading._start_joinable_thread = _no_thread
ThreadPoolExecutor.submit = _submit
