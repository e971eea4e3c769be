"""The days the sample speaks of. Fixed, so that the demo gives the same tables whenever it is run."""

from datetime import UTC, datetime, timedelta

FIRST_MOMENT = datetime(2024, 7, 1, tzinfo=UTC)
SAMPLE_AS_OF = datetime(2026, 7, 1, tzinfo=UTC)
NEXT_DAY_AS_OF = SAMPLE_AS_OF + timedelta(days=1)
DAY_MS = 86_400_000
FIRST_MS = int(FIRST_MOMENT.timestamp() * 1000)
END_MS = int(SAMPLE_AS_OF.timestamp() * 1000) - 1000
WINDOW_DAYS = (SAMPLE_AS_OF - FIRST_MOMENT).days
