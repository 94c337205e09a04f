"""What a property test draws from where the protocol's fields are concerned."""

from datetime import datetime

from hypothesis import strategies as st

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
DIGITS = st.text(st.sampled_from("0123456789"), min_size=1, max_size=26)
MOBILE = st.integers(13_000_000_000, 19_999_999_999).map(str)
TIME = st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)).map(lambda at: f"{at:%Y-%m-%d %H:%M:%S}")
