import Foundation

/// The files that output is written to before it is renamed: `.braid-SYSTEM-UNIQUE.tmp` beside where it goes.
///
/// A temporary is locked (flock) while it is written, and a process that dies loses its locks. So whoever writes beside a temporary that is not
/// locked removes it. Locks of other machines, which may write to the same network file system, are not always seen: SYSTEM tells apart
/// the systems, by when they were started, and what others left is removed when it is a day old.
struct TemporaryFile: ~Copyable {
    let output: OutputFile
    let path: String

    /// Seconds after which another system's temporary is a left one.
    static let longestWriting = 86_400

    /// Eight digits that this run of the system has and no other.
    static let system: String = {
        let name = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)) ?? ProcessInfo.processInfo.hostName
        return String(SHA256.hexadecimal(Array(name.utf8)).prefix(8))
    }()

    /// Opens a new, locked file in the folder of `path`.
    init(beside path: String, shownAs shown: String) throws(InterchangeError) {
        let folder = FilePath.folder(of: path)
        while true {
            let unique = String(UInt64.random(in: .min ... .max), radix: 36)
            let temporary = FilePath.joined(folder, ".braid-\(Self.system)-\(unique).tmp")
            let output = try OutputFile(temporary, shownAs: shown, flags: O_WRONLY | O_CREAT | O_EXCL)
            if output.lock() {
                self.output = output
                self.path = temporary
                return
            }
            // Another process took it for a left one in the moment before it was locked.
            unlink(temporary)
        }
    }

    /// Removes the temporaries that processes left in the folder of `path` when they were killed.
    ///
    /// - Parameter now: the present by the file system's clock.
    static func removeLeftovers(beside path: String, writtenBefore now: Int) {
        let folder = FilePath.folder(of: path)
        let name = FilePath.name(of: path)
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
        for file in files {
            guard let origin = origin(of: file, target: name) else { continue }
            let path = FilePath.joined(folder, file)
            let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            if descriptor < 0 { continue }
            defer { close(descriptor) }
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid() else { continue }
            let isFree = flock(descriptor, LOCK_EX | LOCK_NB) == 0
            let isOld = now - status.modifiedSeconds > longestWriting && (isFree || errno != EWOULDBLOCK)
            if isOld || isFree && origin == system { unlink(path) }
        }
    }

    /// The system that a temporary is of, by its name; empty for those of earlier versions, which were named after their target; nil for
    /// other files.
    private static func origin(of file: String, target: String) -> Substring? {
        guard file.hasPrefix("."), file.hasSuffix(".tmp") else { return nil }
        let middle = file.dropFirst().dropLast(".tmp".count)
        let isUnique = { (text: Substring) in
            (1...13).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7a).contains($0) }
        }
        if middle.hasPrefix("\(target)."), isUnique(middle.dropFirst(target.count + 1)) { return "" }
        let parts = middle.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "braid", parts[1].utf8.count == 8, isUnique(parts[1]), isUnique(parts[2]) else { return nil }
        return parts[1]
    }
}

extension stat {
    /// When the content changed last, in seconds since 1970.
    package var modifiedSeconds: Int {
        #if canImport(Glibc)
            st_mtim.tv_sec
        #else
            st_mtimespec.tv_sec
        #endif
    }
}
