# SPDX-License-Identifier: GPL-2.0-or-later
"""These tests look at the whole machine, and set what root may set."""
import os

import pytest


def pytest_collection_modifyitems(items):
    here = os.path.dirname(os.path.abspath(__file__))
    for item in items:
        if os.geteuid() and str(item.path).startswith(here):
            item.add_marker(pytest.mark.skip(reason="needs root: it samples the whole machine"))
