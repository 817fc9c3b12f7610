"""How many wrong passwords are looked at, and that guessing shuts nobody out."""

import pytest

from sensing.web.auth import TooManyError
from sensing.web.patience import Patience


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_stranger_cannot_shut_a_person_out():
    """Guessing at an account from everywhere leaves the addresses that it signed in from their own attempts."""
    clock = Clock()
    patience = Patience(lambda account, address: (account, address) == ("wang", "192.0.2.1"), clock)
    refused = 0
    for number in range(500):
        clock.now += 0.01
        try:
            patience.attempt("wang", f"198.51.100.{number % 250}")
        except TooManyError:
            refused += 1
    assert refused >= 480
    for _ in range(5):
        patience.attempt("wang", "192.0.2.1")
    with pytest.raises(TooManyError) as waiting:
        patience.attempt("wang", "203.0.113.9")
    assert waiting.value.wait_s <= 11
    clock.now += waiting.value.wait_s
    patience.attempt("wang", "203.0.113.9")


def test_one_address_may_not_try_many_accounts():
    """Twenty at once; 64 bits of IPv6 are one address; a right password costs nothing."""
    clock = Clock()
    patience = Patience(lambda _account, _address: False, clock)
    for number in range(100):
        patience.attempt(f"u{number}", "2001:db8::1")()
    for number in range(20):
        patience.attempt(f"u{number}", f"2001:db8::{number:x}")
    with pytest.raises(TooManyError):
        patience.attempt("u99", "2001:db8::ffff")
    patience.attempt("u99", "2001:db8:0:1::1")
