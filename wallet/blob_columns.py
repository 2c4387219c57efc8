"""Which columns of this package hold blobs; what none names is deleted (core.files.blob_sweep)."""

from datetime import datetime, timedelta

from tortoise.expressions import Q

from core.files.blob_sweep import Column
from wallet.models import AnnotatedCopy, IntakeBatch, Licence, LicencePicture

INTAKE_KEPT = timedelta(days=90)
"""A file of a whole department's holders is kept as long as its lines may be disputed."""


def _intake_holds(at: datetime) -> Q:
    return Q(finished_at__isnull=True) | Q(finished_at__gt=at - INTAKE_KEPT)


COLUMNS = (
    Column(model=Licence, name="document"),
    Column(model=LicencePicture, name="digest"),
    Column(model=AnnotatedCopy, name="document"),
    Column(model=AnnotatedCopy, name="licence_document"),
    Column(model=IntakeBatch, name="digest", kept=_intake_holds),
)
