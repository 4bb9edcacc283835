"""The cast of the browser tests."""

PASSWORD = "a-password-for-tests"
LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff-Montmorency de la Tour, Maximiliane Friederike"
