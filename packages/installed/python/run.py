"""Runs the shared vectors through the installed package."""

from vectors import outcomes, read

import jerakia_auth

count = 0
for it in outcomes(jerakia_auth.load(), read()):
    assert it.actual == it.expected, it
    count += 1
assert count > 300, f"only {count} vectors"
assert "site-packages" in jerakia_auth.__file__, jerakia_auth.__file__
print(f"Python: {count} vectors passed")
