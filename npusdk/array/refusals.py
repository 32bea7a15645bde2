"""What of NumPy passes into a cell as it is, and what is refused there by name.

Every public callable of NumPy is in exactly one of: the functions of `npusdk.array.functions`, the ufuncs, the names
below. What a newer NumPy adds is refused too.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from npusdk.language import _

_PASSING = """base_repr binary_repr broadcast_shapes datetime_data errstate finfo format_float_positional
format_float_scientific get_include get_printoptions getbufsize geterr geterrcall iinfo info isdtype isscalar
issubdtype iterable mintypecode ndindex printoptions promote_types set_printoptions setbufsize seterr seterrcall
show_config show_runtime typename dtype linalg.LinAlgError"""

PASSING = frozenset(_PASSING.split())
"""Names of what looks at no array: types, settings, numbers as text."""

PASSING_MODULES = frozenset({"dtypes", "exceptions", "typing", "version"})
"""Submodules that hold no functions of arrays."""

_HOST = _("Compute it outside the cell, on this computer.")
_OPERATIONS = _("Write it with operations on whole arrays, which a device can run.")
_MATRIX = _("Use arrays of two dimensions.")

_GROUPS: tuple[tuple[str, str], ...] = (
    (
        """linalg.cholesky linalg.cond linalg.det linalg.eig linalg.eigh linalg.eigvals linalg.eigvalsh linalg.inv
        linalg.lstsq linalg.matrix_rank linalg.pinv linalg.qr linalg.slogdet linalg.solve linalg.svd linalg.svdvals
        linalg.tensorinv linalg.tensorsolve linalg.test poly poly1d polyadd polyder polydiv polyfit polyint polymul
        polysub roots histogram2d histogramdd i0 packbits unpackbits sort_complex fromregex busday_count busday_offset
        busdaycalendar is_busday datetime_as_string memmap recarray test isfortran""",
        _HOST,
    ),
    (
        """vectorize frompyfunc nditer nested_iters flatiter broadcast mask_indices lib.stride_tricks.as_strided""",
        _OPERATIONS,
    ),
    ("""asmatrix bmat matrix row_stack""", _MATRIX),
)

REFUSED: Mapping[str, str] = MappingProxyType({name: hint for names, hint in _GROUPS for name in names.split()})
"""The hint of each name that is refused."""
