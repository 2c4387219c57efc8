"""Principal: who is calling, as far as an act needs to know. Pure and frozen.

Guards make one per request; acts take it as `by=` and read nothing else about the caller.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


class PrincipalKind(StrEnum):
    """The four audiences; each has its own way of proving who it is."""

    CITIZEN = "citizen"
    OFFICER = "officer"
    COUNTER = "counter"
    CLIENT = "client"


@dataclass(frozen=True, kw_only=True)
class Principal:
    """The caller. `id` is the row of the subject, officer, counter or client system."""

    kind: PrincipalKind
    id: UUID
    name: str = field(repr=False)
    subject_id: UUID | None = None
    """The natural person; set for citizens only."""
    acting_for: UUID | None = None
    """The organisation a citizen acts for at the moment."""
    roles: frozenset[str] = frozenset()
    department: str | None = None
    """Department key such as `SCJG`; None for citizens, clients and supervisors of all."""
    hall: str = ""
    """Where a counter stands, such as 区行政服务中心; empty for everybody else."""
    session_id: UUID | None = None
    assurance: int = 2
    """How surely this is the person at the moment; see assurance.Level."""
    channel: str = ""
    """The entry the session was opened by (channels.yaml); empty when none is known."""
    enrolling: bool = False
    """An officer whose session opens nothing but the enrolment of a second factor."""
    certified: bool = False
    """The certificate of the organisation acted for was shown within the last minutes."""

    @property
    def person_id(self) -> UUID:
        """The natural person behind a citizen's request; ValueError for other kinds."""
        if self.subject_id is None:
            raise ValueError(f"a {self.kind} is not a natural person")
        return self.subject_id

    @property
    def applicant_id(self) -> UUID:
        """The organisation acted for, or else the person; ValueError for other kinds."""
        return self.acting_for or self.person_id

    @property
    def actor(self) -> str:
        """The name of the caller in the audit trail, e.g. `officer:<uuid>`."""
        return f"{self.kind}:{self.id}"

    def covers(self, department: str) -> bool:
        """Whether an officer or counter works for `department`; a supervisor covers all."""
        if self.kind is PrincipalKind.OFFICER and self.department is None:
            return True
        return self.department == department
