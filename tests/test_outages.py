"""What people see while the database is away."""

import pytest
from django.db import OperationalError, connection


@pytest.fixture
def database_away(monkeypatch):
    """Every new connection is refused, as by a database that is down."""
    connection.close()
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "host", "/nonexistent")
    monkeypatch.setitem(connection.settings_dict, "HOST", "")
    yield
    connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/healthz", "/settings/calendar-integration/", "/accounts/login/"])
def test_a_page_answers_503_with_a_sentence_while_the_database_is_away(client, admin_user, database_away, path):
    client.raise_request_exception = False  # what the server would answer
    client.cookies["sessionid"] = "some-session"

    answer = client.get(path) if path != "/accounts/login/" else client.post(path, {"username": "a", "password": "b"})

    assert answer.status_code == 503
    assert "database" in answer.content.decode()
    assert answer["Retry-After"] == "30"


@pytest.mark.django_db(transaction=True)
def test_the_database_is_really_away_in_these_tests(database_away):
    with pytest.raises(OperationalError):
        connection.ensure_connection()


@pytest.mark.django_db
def test_the_health_check_answers_while_the_database_is_there(client):
    assert client.get("/healthz").json() == {"status": "ok"}
