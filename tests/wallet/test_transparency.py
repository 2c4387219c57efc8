"""The public log: entries of licences and seals, checkpoints, proofs, and tampering found."""

from itertools import pairwise

import pytest

from core import database
from tests.conftest import FrozenClock
from tests.wallet.city import City
from tests.wallet.factories import issue_licence
from tests.wallet.test_status import PAPER
from tools.log_auditor import Auditor, RefusedLog, Statement
from wallet.errors import LogSizeUnknown
from wallet.log import merkle, signed_notes, transparency
from wallet.log.transparency import EntryKind, TamperedLog
from wallet.models import Licence, LogCheckpoint, LogEntry, LogHead, LogTile, Seal
from wallet.register import status


async def integrate(city: City) -> int:
    return await transparency.integrate(keys=city.authority.keys)


async def fill(city: City, count: int) -> None:
    async with database.transaction():
        for number in range(count):
            await transparency.enter(EntryKind.SEAL_CHANGED, about=str(number), facts={})
    await integrate(city)


async def test_issued_licence_is_proven_to_stand_in_the_log(city: City) -> None:
    licence_id = await issue_licence(city)
    identifier = (await Licence.get(id=licence_id)).identifier
    assert await transparency.proof_of(identifier) is None

    await integrate(city)
    proof = await transparency.proof_of(identifier)

    assert proof is not None
    checkpoint = proof.checkpoint
    leaf = merkle.leaf_hash(proof.data.encode())
    assert merkle.verify_inclusion(
        leaf, proof.position, checkpoint.size, proof.path, checkpoint.root
    )
    assert signed_notes.is_genuine(checkpoint.signed)
    assert transparency.read_checkpoint(checkpoint.signed.text) == (
        checkpoint.size,
        checkpoint.root,
    )


async def test_entries_tell_nothing_about_a_person(city: City) -> None:
    licence = await Licence.get(id=await issue_licence(city))

    (entry,) = await LogEntry.filter(kind=EntryKind.LICENCE_ISSUED.value)

    for secret in (licence.identifier, licence.number, licence.holder_name, licence.holder_id_no):
        assert secret not in entry.data


async def test_changes_of_licences_and_seals_are_entered(city: City) -> None:
    seals = await LogEntry.filter(kind=EntryKind.SEAL_REGISTERED.value).count()
    licence_id = await issue_licence(city)

    await status.suspend(licence_id, by=city.officer("seal_keeper"), **PAPER)

    assert seals == await Seal.all().count()
    (change,) = await LogEntry.filter(kind=EntryKind.LICENCE_CHANGED.value)
    assert '"state":"suspended"' in change.data


async def test_log_grows_consistently_over_many_tiles(city: City) -> None:
    await integrate(city)
    sizes = [await transparency.latest()]
    for count in (1, 255, 300):
        await fill(city, count)
        sizes.append(await transparency.latest())

    known = [found for found in sizes if found is not None]
    for older, newer in pairwise(known):
        path = await transparency.consistency(older.size, newer.size)
        assert merkle.verify_consistency(older.size, newer.size, older.root, newer.root, path)
    last = known[-1]
    leaves = await transparency.leaves(0, limit=1024)
    assert len(leaves) == last.size
    position, path = await transparency.inclusion(leaves[7], size=last.size) or (0, [])
    assert position == 7
    assert merkle.verify_inclusion(leaves[7], 7, last.size, path, last.root)
    assert await transparency.check() == last.size


async def test_two_sequencers_do_not_double(city: City) -> None:
    await fill(city, 3)
    size = (await LogHead.get(name="log")).size

    assert await integrate(city) == 0
    assert (await LogHead.get(name="log")).size == size


@pytest.mark.parametrize("size", [0, 10_000])
async def test_unknown_sizes_are_refused(city: City, size: int) -> None:
    await fill(city, 3)
    with pytest.raises(LogSizeUnknown):
        await transparency.inclusion(b"0" * 32, size=size)
    with pytest.raises(LogSizeUnknown):
        await transparency.consistency(max(size, 1), size)


async def test_leaf_that_was_never_entered_has_no_proof(city: City) -> None:
    await fill(city, 3)
    assert await transparency.inclusion(merkle.leaf_hash(b"no"), size=2) is None


async def test_changed_entry_is_found(city: City) -> None:
    await fill(city, 5)
    await LogEntry.filter(position=2).update(data="{}")

    with pytest.raises(TamperedLog, match="root"):
        await transparency.check()


async def test_removed_entry_is_found(city: City) -> None:
    await fill(city, 5)
    await LogEntry.filter(position=2).delete()

    with pytest.raises(TamperedLog, match="entry 2"):
        await transparency.check()


async def test_cut_off_end_is_found(city: City) -> None:
    await fill(city, 5)
    size = (await LogHead.get(name="log")).size
    await LogEntry.filter(position=size - 1).delete()
    await LogHead.filter(name="log").update(size=size - 1)

    with pytest.raises(TamperedLog):
        await transparency.check()


async def test_changed_tile_is_found(city: City) -> None:
    await fill(city, 5)
    await LogTile.filter(level=0).update(hashes=b"\x00" * 32)

    with pytest.raises(TamperedLog, match="tile"):
        await transparency.check()


async def test_checkpoint_of_another_signer_is_found(city: City) -> None:
    await fill(city, 5)
    other = city.authority.signer_certificates["GA"]
    await LogCheckpoint.all().update(certificate=other)

    with pytest.raises(TamperedLog, match="signature"):
        await transparency.check()


def statement(found: transparency.Checkpoint) -> Statement:
    return Statement(found.size, found.root, found.signed)


async def test_auditor_follows_and_survives_a_restart(city: City) -> None:
    auditor, seen = Auditor(), 0
    for count in (3, 4):
        await fill(city, count)
        latest = await transparency.latest()
        assert latest is not None
        proof = await transparency.consistency(seen, latest.size) if seen else []
        auditor.follow(statement(latest), proof, await transparency.leaves(seen))
        seen, auditor = latest.size, Auditor.load(auditor.dump())

    assert auditor.size == seen


async def test_auditor_refuses_a_forked_log(city: City, frozen_clock: FrozenClock) -> None:
    await fill(city, 3)
    auditor, first = Auditor(), await transparency.latest()
    assert first is not None
    leaves = await transparency.leaves(0)
    auditor.follow(statement(first), [], leaves)

    forked = [merkle.leaf_hash(b"rewritten"), *leaves[1:], merkle.leaf_hash(b"more")]
    node = merkle.of_leaves(forked)
    for size in (first.size, first.size + 1):
        root = merkle.root(size, node)
        text = transparency.checkpoint_text(size, root, frozen_clock())
        signed = await signed_notes.sign(text, keys=city.authority.keys)
        proof = merkle.consistency_path(first.size, size, node)
        with pytest.raises(RefusedLog, match="fork"):
            auditor.follow(Statement(size, root, signed), proof, forked[first.size : size])
    assert auditor.size == first.size


async def test_auditor_refuses_a_log_that_shrank_or_changed_its_signer(
    city: City, frozen_clock: FrozenClock
) -> None:
    await fill(city, 3)
    auditor, first = Auditor(), await transparency.latest()
    assert first is not None
    leaves = await transparency.leaves(0)
    auditor.follow(statement(first), [], leaves)
    root = merkle.root(2, merkle.of_leaves(leaves[:2]))
    text = transparency.checkpoint_text(2, root, frozen_clock())

    with pytest.raises(RefusedLog, match="shrank"):
        shrunk = await signed_notes.sign(text, keys=city.authority.keys)
        auditor.follow(Statement(2, root, shrunk), [], [])
    foreign = signed_notes.SignedNote(
        text=first.signed.text,
        signature=first.signed.signature,
        certificate=city.authority.signer_certificates["GA"],
    )
    with pytest.raises(RefusedLog, match="operator"):
        auditor.follow(Statement(first.size, first.root, foreign), [], [])
