"""The feed of the availability calendar beside the same rows by bare SQL, among a million external events."""

import argparse
import importlib
import json
import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import psycopg
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client, override_settings

from bench.company import today
from bench.figures import percentile, summary
from bench.stage import Stage

TARGET = 5.0  # times the time of the bare SQL
INSTRUCTORS = 10_000
EXTERNAL_EVENTS = 1_000_000
EVENTS = 10_000  # of four sessions in the month that is looked at, with one instructor
ROWS = 200
DAYS = 31

FILL = """
INSERT INTO integrations_integration (name, kind, status, cloud, user_id, tenant_id, client_id, client_secret, privacy,
    drift, problem, created_at)
  VALUES ('Measured', 'microsoft', 'active', 'global', 'u', 't', 'c', '', 'titles', 'restore', '', now());
INSERT INTO instructors_instructor (name, email, time_zone, is_active)
  SELECT 'Person ' || lpad(n::text, 5, '0'), 'person' || n || '@measured.example', 'Europe/London', true
  FROM generate_series(1, %(instructors)s) n;
INSERT INTO instructors_calendarmapping (integration_id, instructor_id, remote_user_id, address, sync_enabled,
    removes_copies, cursor, next_cursor, census_link, census_round, window_start, window_end, synced_at, problem,
    unreadable, unread, lapses, round_pages, census_pages, census_readings)
  SELECT g.id, i.id, i.email, i.email, true, false, 'c', '', '', 1, %(start)s - interval '30 days',
    %(start)s + interval '400 days', now(), '', 0, '', 0, 0, 0, 0
  FROM instructors_instructor i, integrations_integration g;
INSERT INTO events_externalevent (mapping_id, remote_id, series_id, starts_at, ends_at, is_all_day, show_as, is_private,
    title, etag, seen_round, found_at)
  SELECT m.id, n::text, '', s.at, s.at + CASE WHEN n %% 10 = 0 THEN interval '1 day' ELSE interval '1 hour' END,
    n %% 10 = 0, CASE WHEN n %% 5 = 0 THEN 'tentative' ELSE 'busy' END, false, 'Item', '', 1, now()
  FROM instructors_calendarmapping m, generate_series(1, %(each)s) n,
    LATERAL (SELECT %(start)s - interval '30 days' + ((n * 7919 + m.id * 131) %% 430) * interval '1 day'
        + CASE WHEN n %% 10 = 0 THEN interval '0' ELSE (7 + n %% 10) * interval '1 hour' END AS at) s;
INSERT INTO events_event (uid, title, short_name, location, description, status, time_zone)
  SELECT gen_random_uuid(), 'Course ' || n, 'Course', 'York', '', 'confirmed', 'Europe/London'
  FROM generate_series(1, %(events)s) n;
INSERT INTO events_event_instructors (event_id, instructor_id)
  SELECT e.id, i.id FROM (SELECT id, row_number() OVER (ORDER BY id) n FROM events_event) e
  JOIN (SELECT id, row_number() OVER (ORDER BY id) n FROM instructors_instructor) i ON i.n = 1 + e.n %% %(instructors)s;
INSERT INTO events_session (event_id, uid, starts_at, ends_at)
  SELECT e.id, gen_random_uuid(), s.at, s.at + interval '7 hours' FROM events_event e, generate_series(0, 3) n,
    LATERAL (SELECT %(start)s + ((e.id * 7 + n) %% 31) * interval '1 day' + interval '9 hours' AS at) s;
"""
SIGNED_IN = """
SELECT session_key, session_data, expire_date FROM django_session WHERE session_key = %(session)s
"""
VIEWER = """
SELECT u.*, p.* FROM auth_user u LEFT JOIN accounts_profile p ON p.user_id = u.id WHERE u.username = 'scheduler'
"""
RIGHTS = """
SELECT c.app_label, p.codename FROM auth_permission p JOIN django_content_type c ON c.id = p.content_type_id
JOIN auth_group_permissions g ON g.permission_id = p.id JOIN auth_user_groups m ON m.group_id = g.group_id
JOIN auth_user u ON u.id = m.user_id WHERE u.username = 'scheduler'
"""
PEOPLE = """
SELECT id, name, email, time_zone, is_active FROM instructors_instructor WHERE is_active
ORDER BY name, id LIMIT %(rows)s OFFSET %(offset)s
"""
CALENDARS = """
SELECT m.id, m.instructor_id, m.sync_enabled, m.synced_at, m.window_start, m.window_end, m.problem, m.unreadable,
  g.status, g.problem FROM instructors_calendarmapping m JOIN integrations_integration g ON g.id = m.integration_id
WHERE m.instructor_id = ANY(%(people)s)
"""
SESSIONS = """
SELECT a.instructor_id, s.id, s.uid, e.id, e.title, e.short_name, e.location, e.status, s.starts_at, s.ends_at
FROM events_session s JOIN events_event e ON e.id = s.event_id JOIN events_event_instructors a ON a.event_id = e.id
WHERE a.instructor_id = ANY(%(people)s) AND e.status IN ('draft', 'confirmed') AND s.starts_at < %(end)s
  AND s.ends_at > %(start)s
"""
EXTERNALS = """
SELECT mapping_id, id, starts_at, ends_at, show_as, title, is_all_day, is_private, found_at FROM events_externalevent
WHERE mapping_id = ANY(%(calendars)s) AND starts_at < %(end)s AND ends_at > %(start)s
"""


def measure(stage: Stage, options: argparse.Namespace) -> dict[str, Any]:
    """Both programs take turns over pages of `ROWS` instructors and a month, each page once."""
    start = today() + timedelta(days=1)
    fill(start)
    importlib.import_module("calsync.wsgi")  # the web process as it runs in production
    client = scheduler()
    session = client.cookies["sessionid"].value
    bare = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    feed, sql, rows = [], [], []
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        for number in pages(2 * options.rounds):
            rows.append(len(json.loads(ask(client, number, start))["events"]))  # the first of both reads from the disk
            feed.append(seconds(ask, client, number, start))
            sql.append(seconds(read, bare, session, number, start))
    bare.close()
    return {
        "external_events": EXTERNAL_EVENTS,
        "items_of_a_page": sum(rows) // len(rows),
        "feed": summary(feed),
        "sql": summary(sql),
        "ratio_p50": round(percentile(feed, 50) / percentile(sql, 50), 2),
        "ratio_p95": round(percentile(feed, 95) / percentile(sql, 95), 2),
        "ratio_target": TARGET,
    }


def fill(start: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE integrations_integration, instructors_instructor, events_event CASCADE")
        each = EXTERNAL_EVENTS // INSTRUCTORS
        cursor.execute(FILL, {"instructors": INSTRUCTORS, "each": each, "events": EVENTS, "start": start})
        cursor.execute("VACUUM ANALYZE")


def scheduler() -> Client:
    """A browser in which somebody with the rights of the group Schedulers has signed in."""
    user = User.objects.create_user("scheduler")
    user.groups.add(Group.objects.get(name="Schedulers"))
    client = Client()
    client.force_login(user)
    return client


def pages(rounds: int) -> Sequence[int]:
    """The numbers of the pages, all of them so many times, mixed the same way in each run."""
    numbers = list(range(1, INSTRUCTORS // ROWS + 1)) * rounds
    Random(1).shuffle(numbers)
    return numbers[:200]


def ask(client: Client, number: int, start: datetime) -> bytes:
    """The feed's answer for a page of instructors."""
    span = {"start": f"{start:%Y-%m-%d}", "end": f"{start + timedelta(days=DAYS):%Y-%m-%d}"}
    answer = client.get("/calendar/feed/", {**span, "size": str(ROWS), "page": str(number)})
    assert answer.status_code == 200, answer.content
    return answer.content


def read(bare: psycopg.Connection, session: str, number: int, start: datetime) -> None:
    """Fetch every row that the feed reads for a page, whoever asks included, and do nothing with them."""
    for query in (SIGNED_IN, VIEWER, RIGHTS):
        bare.execute(query, {"session": session}).fetchall()
    people = bare.execute(PEOPLE, {"rows": ROWS, "offset": (number - 1) * ROWS}).fetchall()
    values = {"people": [one[0] for one in people], "start": start, "end": start + timedelta(days=DAYS)}
    calendars = bare.execute(CALENDARS, values).fetchall()
    bare.execute(SESSIONS, values).fetchall()
    bare.execute(EXTERNALS, {**values, "calendars": [one[0] for one in calendars]}).fetchall()


def seconds(work: Callable[..., object], *arguments: Any) -> float:
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began
