"""Reads that ask nobody who calls; see test_rights.py."""

WITHOUT_PRINCIPAL: dict[str, str] = {
    "services.cases.views.queries.get_charge": "inner: what a bill is opened for, asked by flows",
    "services.cases.views.queries.get_item": "the catalogue, which everybody may read",
    "services.cases.views.case_files.get_signed_material": "who has the signed address",
    "services.cases.views.case_files.get_signed_picture": "who has the signed address",
    "services.cases.views.queries.prefill_of_item": "the catalogue, which everybody may read",
    "wallet.register.queries.facts_of_licence": "inner: a draft; its reader is noted",
    "wallet.register.queries.find_current": "inner: what an approval renews; its reader is noted",
    "wallet.register.queries.held": "inner: ids; handlers give the caller's own holder",
    "wallet.register.queries.list_licences": "inner: masked; handlers give the caller's own holder",
    "wallet.log.access_log.is_recorded": "inner: for the act that writes, whether it did",
    "wallet.log.access_log.list_uses": "inner: handlers give the caller's own holder",
    "wallet.log.access_log.record": "inner: writes",
    "wallet.log.access_log.record_once": "inner: writes",
}
"""What the modules that hand out facts do without knowing who calls, and why that is right."""

HANDING_OUT = (
    "services.cases.views.lists",
    "services.cases.views.queries",
    "services.cases.views.case_files",
    "wallet.register.queries",
    "wallet.log.access_log",
    "wallet.share.authorisations",
)
"""Modules that hand out facts."""
