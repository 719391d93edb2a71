"""How the tests are shared out over processes."""

from __future__ import annotations

import pytest


@pytest.mark.xdist_group("together")
def test_groups_stay_in_one_process(request):
    """What a group shares, a run of minutes, is made once; pytest-xdist says nothing where it cannot keep to that."""
    assert getattr(request.config.option, "loadgroup", False) == request.node.nodeid.endswith("@together")
