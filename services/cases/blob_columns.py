"""Which columns of this package hold blobs; what none names is deleted (core.files.blob_sweep)."""

from core.files.blob_sweep import Column
from services.cases.models import MaterialFile, MessagePicture

COLUMNS = (
    Column(model=MaterialFile, name="digest"),
    Column(model=MaterialFile, name="thumbnail_digest"),
    Column(model=MaterialFile, name="original_digest"),
    Column(model=MessagePicture, name="digest"),
)
