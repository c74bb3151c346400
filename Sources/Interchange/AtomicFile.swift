import Foundation

/// Output files that appear complete or not at all.
public enum AtomicFile {
    /// Writes `bytes` to `path`: to a temporary beside it, synchronized to disk, then renamed over it.
    ///
    /// A device or pipe (`/dev/stdout`) is written directly. Throws where the disk or the permissions refuse.
    public static func write(_ bytes: some ContiguousBytes, to path: String) throws(InterchangeError) {
        try write(to: path) { (output) throws(InterchangeError) in try output.write(bytes) }
    }

    /// Writes a file piece by piece; where `body` throws, `path` is left as it was.
    public static func write(
        to path: String, _ body: (borrowing OutputFile) throws(InterchangeError) -> Void
    ) throws(InterchangeError) {
        var status = stat()
        let exists = stat(path, &status) == 0
        if exists, status.st_mode & S_IFMT == S_IFDIR {
            throw InterchangeError(path, "this is a folder", repair: "name a file to write")
        }
        if exists, status.st_mode & S_IFMT != S_IFREG {
            return try body(OutputFile(path, shownAs: path, flags: O_WRONLY))
        }
        // A link keeps pointing where it did: what it names is replaced.
        let target = exists ? URL(fileURLWithPath: path).resolvingSymlinksInPath().path : path
        let folder = FilePath.folder(of: target)
        let temporary = try TemporaryFile(beside: target, shownAs: path)
        TemporaryFile.removeLeftovers(beside: target, writtenBefore: temporary.output.modified)
        do throws(InterchangeError) {
            try body(temporary.output)
            if exists { temporary.output.setMode(status.st_mode & 0o7777) }
            try temporary.output.synchronize()
            guard rename(temporary.path, target) == 0 else {
                throw InterchangeError(path, "the file cannot be replaced (\(lastSystemError()))", repair: "check the folder's permissions")
            }
        } catch {
            unlink(temporary.path)
            throw error
        }
        synchronize(folder: folder.isEmpty ? "." : folder)
    }

    /// Makes the rename itself durable. Some file systems refuse to synchronize a folder; the file is complete all the same.
    private static func synchronize(folder: String) {
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        if descriptor >= 0 {
            fsync(descriptor)
            close(descriptor)
        }
    }
}

/// An open file to append to; closed when it goes out of scope.
public struct OutputFile: ~Copyable {
    private let descriptor: Int32
    private let path: String

    init(_ location: String, shownAs path: String, flags: Int32) throws(InterchangeError) {
        descriptor = open(location, flags | O_CLOEXEC, 0o666)
        self.path = path
        guard descriptor >= 0 else {
            throw OutputPath.refusal(path, errno)
        }
    }

    deinit { close(descriptor) }

    /// Opens a file to go on at its end; it is made where there is none.
    public init(appendingTo path: String) throws(InterchangeError) {
        try self.init(path, shownAs: path, flags: O_WRONLY | O_CREAT | O_APPEND)
    }

    /// Appends `bytes`.
    public func write(_ bytes: some ContiguousBytes) throws(InterchangeError) {
        let failed = bytes.withUnsafeBytes { (source: UnsafeRawBufferPointer) -> Bool in
            var rest = source[...]
            while !rest.isEmpty {
                let written = Self.write(descriptor, UnsafeRawBufferPointer(rebasing: rest))
                if written < 0 && errno == EINTR { continue }
                if written <= 0 { return true }
                rest = rest.dropFirst(written)
            }
            return false
        }
        if failed {
            throw InterchangeError(path, "the file cannot be written (\(lastSystemError()))", repair: "check the free space of the disk")
        }
    }

    /// When the file was last written to, in seconds, by the clock of the machine that holds it.
    var modified: Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? status.modifiedSeconds : 0
    }

    /// Locks the file as long as it is open. Returns false where another has the lock, or has removed the file meanwhile.
    ///
    /// File systems that know no locks are passed over.
    @discardableResult
    public func lock() -> Bool {
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 { return errno != EWOULDBLOCK }
        var status = stat()
        return fstat(descriptor, &status) != 0 || status.st_nlink > 0
    }

    /// Whether another process has locked a file; false where there is none.
    public static func isLocked(_ path: String) -> Bool {
        guard let file = try? OutputFile(path, shownAs: path, flags: O_RDONLY | O_NONBLOCK) else { return false }
        return !file.lock()
    }

    func setMode(_ mode: mode_t) { fchmod(descriptor, mode) }

    func synchronize() throws(InterchangeError) {
        guard fsync(descriptor) == 0 else {
            throw InterchangeError(path, "the file cannot be written (\(lastSystemError()))", repair: "check the free space of the disk")
        }
    }

    /// The system call, which the method of the same name would hide.
    private static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #else
            Darwin.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }
}
