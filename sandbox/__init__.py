"""A local imitation of Microsoft 365, as far as a calendar sync sees it: sign-in, users, calendars.

It knows nothing of the product that talks to it. `python -m sandbox` starts it; README.md says what it can do.
"""

import zoneinfo

# The pinned tzdata package, not the machine's copy: an older one differs in what some zones do this year.
zoneinfo.reset_tzpath(to=[])
