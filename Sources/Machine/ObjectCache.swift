import Foundation
import Interchange

/// Object files on disk, by fingerprint. Several processes may share a folder: an entry appears whole or not at all, and an entry that
/// is damaged, or is another kernel's, counts as absent. Entries of other versions, targets and options have other fingerprints. What
/// else lies in the folder is somebody else's, and is left alone (`ObjectCacheContents.swift`).
///
/// An entry is a 48-byte header (8 bytes of magic, the length of the content as a little-endian 64-bit number, the SHA-256 of the
/// fingerprint and the content) and the object file.
public struct ObjectCache: Sendable {
    public let directory: URL
    /// The size above which `trim` removes what was not used for longest.
    public var limit: Int

    static let magic = Array("braidob2".utf8)
    private static let headerCount = 48

    /// The limit of the user's cache.
    public static let standardLimit = 256 << 20

    public init(directory: URL, limit: Int = ObjectCache.standardLimit) {
        self.directory = directory
        self.limit = limit
    }

    /// The user's cache: `$BRAID_CACHE`, or `braid/objects` in `$XDG_CACHE_HOME` or `~/.cache`. Nil if `BRAID_CACHE` is `none`.
    public static var standard: ObjectCache? {
        let environment = ProcessInfo.processInfo.environment
        if let chosen = environment["BRAID_CACHE"], !chosen.isEmpty {
            return chosen == "none" ? nil : ObjectCache(directory: URL(fileURLWithPath: chosen, isDirectory: true))
        }
        let base =
            if let chosen = environment["XDG_CACHE_HOME"], chosen.hasPrefix("/") {
                URL(fileURLWithPath: chosen, isDirectory: true)
            } else {
                FileManager.default.homeDirectoryForCurrentUser.appending(path: ".cache", directoryHint: .isDirectory)
            }
        return ObjectCache(directory: base.appending(path: "braid/objects", directoryHint: .isDirectory))
    }

    func path(of fingerprint: KernelFingerprint) -> String { directory.path(percentEncoded: false) + "/" + fingerprint.text + ".o" }

    /// The object file of a kernel, or nil if it is absent, truncated or altered.
    public func read(_ fingerprint: KernelFingerprint) -> [UInt8]? {
        guard let entry = Self.contents(of: path(of: fingerprint), atMost: 64 << 20), entry.count >= Self.headerCount,
            Array(entry[0..<8]) == Self.magic
        else { return nil }
        var length: UInt64 = 0
        for byte in entry[8..<16].reversed() { length = length << 8 | UInt64(byte) }
        let content = Array(entry[Self.headerCount...])
        guard length == UInt64(content.count), Array(entry[16..<Self.headerCount]) == Self.digest(content, fingerprint) else { return nil }
        return content
    }

    /// What vouches for an entry's content, and for its name.
    private static func digest(_ content: [UInt8], _ fingerprint: KernelFingerprint) -> [UInt8] {
        SHA256.digest(fingerprint.bytes + content)
    }

    /// Stores an object file. A cache that cannot be written is no error: the code is there, and next time it is made again.
    ///
    /// - Returns: whether the entry was stored.
    @discardableResult
    public func write(_ object: [UInt8], for fingerprint: KernelFingerprint) -> Bool {
        var entry = Self.magic
        withUnsafeBytes(of: UInt64(object.count).littleEndian) { entry.append(contentsOf: $0) }
        entry += Self.digest(object, fingerprint)
        entry += object
        let final = path(of: fingerprint)
        let temporary = "\(final).\(getpid()).\(UInt64.random(in: 0 ... .max))"
        makeFolder()
        guard let file = fopen(temporary, "wb") else { return false }
        let written = fwrite(entry, 1, entry.count, file)
        guard fclose(file) == 0, written == entry.count, rename(temporary, final) == 0 else {
            unlink(temporary)
            return false
        }
        return true
    }

    private static func contents(of path: String, atMost limit: Int) -> [UInt8]? {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        var status = stat()
        // Used now, which `trim` sees; once an hour is enough.
        if fstat(fileno(file), &status) == 0, time(nil) - status.modifiedSeconds > 3600 { futimens(fileno(file), nil) }
        guard fseek(file, 0, SEEK_END) == 0 else { return nil }
        let count = ftell(file)
        guard count >= 0, count <= limit, fseek(file, 0, SEEK_SET) == 0 else { return nil }
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { $1 = fread($0.baseAddress, 1, count, file) }
        return bytes.count == count ? bytes : nil
    }
}
