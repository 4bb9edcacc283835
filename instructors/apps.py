from django.apps import AppConfig


class InstructorsConfig(AppConfig):
    name = "instructors"

    def ready(self) -> None:
        from instructors import receivers  # noqa: F401  (connects the receivers)
