from datetime import datetime

import pytest

from isojoule.report.page import Page


def test_a_naive_date_is_refused():
    with pytest.raises(ValueError, match="without a time zone"):
        Page(
            title="T",
            lead="L",
            facts=(),
            sections=(),
            generated_by="test",
            created_at=datetime(2026, 1, 1),
        )
