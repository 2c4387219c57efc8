"""Which columns of this package hold blobs; what none names is deleted (core.blob_sweep)."""

from cases.models import MaterialFile, MessagePicture
from core.blob_sweep import Column

COLUMNS = (
    Column(model=MaterialFile, name="digest"),
    Column(model=MaterialFile, name="thumbnail_digest"),
    Column(model=MaterialFile, name="original_digest"),
    Column(model=MessagePicture, name="digest"),
)
