# SPDX-License-Identifier: GPL-2.0-or-later
"""One boot of each guest for all of its tests; both are made and booted at the same time."""
import concurrent.futures

import pytest
from guest import KINDS, Guest
from packages import Unavailable


class Guests:
    """A guest by name; each is made in a thread of its own, and ended with the session."""

    def __init__(self, names, source, build):
        self.pool = concurrent.futures.ThreadPoolExecutor(len(KINDS))
        self.coming = {name: self.pool.submit(Guest, name, source, build) for name in names}

    def get(self, name):
        try:
            return self.coming[name].result()
        except Unavailable as error:
            return pytest.skip(f"no {name} guest: {error}")

    def end(self):
        self.pool.shutdown(cancel_futures=True)
        for future in self.coming.values():
            if not future.cancelled() and not future.exception():
                future.result().end()


def wants(item, name):
    return name in getattr(item, "fixturenames", ()) or \
        hasattr(item, "callspec") and item.callspec.params.get("guest") == name


@pytest.fixture(scope="session")
def guests(request, source, build):
    wanted = {name for name in KINDS for item in request.session.items if wants(item, name)}
    coming = Guests(wanted, source, build)
    yield coming
    coming.end()


@pytest.fixture(scope="session")
def arm64(guests):
    """The guest that has a PMU."""
    return guests.get("arm64")


@pytest.fixture(scope="session")
def x86_64(guests):
    """The guest that has none, with kprobes and fentry."""
    return guests.get("x86_64")


@pytest.fixture(scope="session", params=list(KINDS))
def guest(request, guests):
    """One after the other, for what is the same in all."""
    return guests.get(request.param)
