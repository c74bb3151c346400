import Synchronization

/// The entries of an archive whose checksums were compared, so that each is only once.
final class VerifiedEntries: Sendable {
    /// By where they begin.
    private let offsets = Mutex<Set<Int>>([])

    /// Throws where the archive's checksum of the bytes of an entry is another, see `ZipArchive.verify`.
    func verify(_ entry: ZipArchive.Entry, in archive: ZipArchive) throws(InterchangeError) {
        if offsets.withLock({ $0.contains(entry.offset) }) { return }
        try archive.verify(entry)
        offsets.withLock { _ = $0.insert(entry.offset) }
    }
}
