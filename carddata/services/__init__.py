"""Every write of partners' files and what they say. The names that the edges may rely on:

`carddata.services.files`
    `keep_file(source, *, name, partner=None, way, user=None) -> tuple[PartnerFile, bool]`: keeps a
    copy of an upload or a path and its row, waiting to be imported; False where the partner's very
    same bytes are known. Raises `FileRefusedError` (`code`, `str(error)` a sentence for staff).
    `cancel(*, file_id) -> bool`: asks a waiting or running import to stop; its rows are taken back.
`carddata.services.starting`
    `start(*, file_id)`: has the file worked on after the commit, by Celery, or in this process
    where there is no broker. Whatever the row's state asks for: import, cancel or undo.
`carddata.services.importing`
    `import_file(path, *, partner=None, way, user=None, on_progress=None, ...) -> Imported`: keep and
    run, for commands. `run(*, file_id, on_progress=None) -> PartnerFile`: what a worker does.
`carddata.services.previewing`
    `preview(sample: bytes, profile: dict, *, rows=20) -> Preview`: the first rows as they would be
    read with these settings (`carddata.models.profile_of(partner)`, saved or not).
`carddata.services.undoing`
    `undo_import(*, file_id, user=None, reason="")` and `redo_import(*, file_id, user=None)`: mark the
    file and start; progress and the three counts are on the row.
`carddata.services.rejects`
    `retry_rejects(*, file_id, reason="") -> Retried`, `resubmit_file(*, file_id, reason="") ->
    Iterator[str]` (CSV lines in the partner's own columns), `dismiss_rejects(*, file_id, reason, user)`.
`carddata.services.partners`
    `configure_partners()`: the known partners, where missing. `apply_partner(*, partner_id) -> int`:
    gives the partner's stored events the statuses that its map and rank now say, and the cards theirs.

Progress is on `PartnerFile`: `state`, `percent`, `read`, `rows_total`, `loaded`, `duplicate`,
`rejected`, `error`, `notes`, `undo_reversed`, `undo_kept`, `undo_could_not`.
"""
