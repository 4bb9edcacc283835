"""The WSGI application: `gunicorn calsync.wsgi`."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "calsync.settings")

application = get_wsgi_application()

from accounts.setup import announce  # noqa: E402  (models are there only now)

announce()  # the token of the first run, at each start until there is an account
connection.close()  # a server that forks after this must not share it
get_resolver().url_patterns  # noqa: B018 - loads every page now, not at the first request
gc.collect()
gc.freeze()  # what stays for ever is not looked at again while a page is made
