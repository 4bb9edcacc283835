"""`__any`: what `__in` says of primary keys, as one array. For hundreds of them that is a fraction of the work."""

from typing import Any

from django.db.models import BigAutoField, Lookup


@BigAutoField.register_lookup
class AnyOf(Lookup):
    """`column = ANY(array)`."""

    lookup_name = "any"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, params = self.process_lhs(compiler, connection)
        array = ",".join(str(int(pk)) for pk in self.rhs)
        return f"{left} = ANY(%s::bigint[])", (*params, f"{{{array}}}")
