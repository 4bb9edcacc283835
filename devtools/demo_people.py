"""The people of the demo: invented, at a company that does not exist."""

from dataclasses import dataclass

COMPANY = "Northgate Training"
DOMAIN = "northgate.example"
ZONES = {"Elif Aydin": "Europe/London", "Tomas Novak": "Europe/Prague", "Maria Costa": "Europe/Lisbon"}
NAMES = """
Ann Berger, Ben Carter, Clara Dietrich, David Ellis, Elif Aydin, Felix Graf, Greta Hansen, Henry Irving, Ines Jung,
Jonas Keller, Karla Lorenz, Leo Martin, Maria Costa, Nina Olsen, Oskar Peters, Paula Quint, Quentin Roth, Rosa Simon,
Samir Tahir, Tomas Novak, Ulla Vogt, Victor Weiss, Wanda Xander, Yara Zimmer, Amir Bakri, Birgit Conrad, Carl Decker,
Dora Engel, Emil Fuchs, Frieda Gross, Georg Huber, Hanna Ilg, Ivan Jansen, Julia Kraus, Kemal Lang, Lena Moser
"""
ABSENT = "Peter Missing"  # teaches for us, but is not in the directory
ALIAS = "Sofia Marlow"  # her address here is an alias there: she married, and the directory knows her new name
SHARED = "Robin Falk"  # two colleagues of that name stand in the directory with one address
GUEST = "Gil Visitor"  # a freelancer, in the directory as a guest


@dataclass(frozen=True)
class Person:
    """An instructor of the demo."""

    name: str
    email: str
    time_zone: str


def address(name: str, domain: str = DOMAIN) -> str:
    """Return the mail address that a person of this name has."""
    return f"{name.lower().replace(' ', '.')}@{domain}"


def matched() -> list[Person]:
    """Return the 36 instructors whose address is that of one person in the directory."""
    names = [name.strip() for name in NAMES.replace("\n", " ").split(",")]
    return [Person(name, address(name), ZONES.get(name, "Europe/Berlin")) for name in names]


def unmatched() -> list[Person]:
    """Return the four instructors whom no mailbox can be given, each for a reason of its own."""
    return [
        Person(ABSENT, address(ABSENT), "Europe/Berlin"),
        Person(ALIAS, address(ALIAS), "Europe/Berlin"),
        Person(SHARED, address(SHARED), "Europe/Berlin"),
        Person(GUEST, address(GUEST, "freelance.example"), "Europe/Berlin"),
    ]
