import Foundation

/// Reading whole files with a bound on their size.
public enum InputFile {
    /// Reads a regular file.
    ///
    /// Throws where the file is absent, is no regular file, cannot be read, or is larger than `maximum` bytes or than memory.
    public static func read(_ path: String, maximum: Int = .max) throws(InterchangeError) -> Data {
        let size = try self.size(path)
        if size > maximum {
            throw InterchangeError(path, "the file has \(size) bytes, more than the \(maximum) allowed here", repair: "name a smaller file")
        }
        try MachineMemory.require(size, for: "the file", path: path, repair: "name a smaller file")
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw InterchangeError(path, "the file cannot be read (\(reason(error)))", repair: "check its permissions and the disk")
        }
    }

    /// Reads a part of a regular file; throws where it ends before.
    public static func read(_ path: String, bytes: Range<Int>) throws(InterchangeError) -> Data {
        let size = try self.size(path)
        guard bytes.upperBound <= size else {
            throw InterchangeError(
                path, "the file has \(size) bytes, but those from \(bytes.lowerBound) to \(bytes.upperBound) are wanted",
                repair: "check that the file is complete")
        }
        try MachineMemory.require(bytes.count, for: "a part of the file", path: path, repair: "name a smaller file")
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? file.close() }
            try file.seek(toOffset: UInt64(bytes.lowerBound))
            let data = try file.read(upToCount: bytes.count) ?? Data()
            guard data.count == bytes.count else {
                throw InterchangeError(path, "the file became shorter while it was read", repair: "check that the file is complete")
            }
            return data
        } catch let error as InterchangeError {
            throw error
        } catch {
            throw InterchangeError(path, "the file cannot be read (\(reason(error)))", repair: "check its permissions and the disk")
        }
    }

    /// Returns the size in bytes of a regular file.
    public static func size(_ path: String) throws(InterchangeError) -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT { throw InterchangeError(path, "there is no such file", repair: "check the path") }
            throw InterchangeError(path, "the file cannot be read (\(lastSystemError()))", repair: "check its permissions")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            let kind = status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "not a regular file"
            throw InterchangeError(path, "this is \(kind)", repair: "name a file")
        }
        return Int(status.st_size)
    }

    /// Tells the system that a file will be read soon, so that it fetches it meanwhile; what cannot be read is told by whoever reads it.
    public static func announce(_ path: String) {
        #if os(Linux)
            // Whoever writes to a pipe would take this for its reader.
            guard (try? size(path)) != nil else { return }
            let file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            guard file >= 0 else { return }
            _ = posix_fadvise(file, 0, 0, POSIX_FADV_WILLNEED)
            close(file)
        #endif
    }

    private static func reason(_ error: any Error) -> String {
        let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        return cause.map { $0.localizedDescription } ?? (error as NSError).localizedDescription
    }
}

/// The text of the last failed system call's error.
func lastSystemError() -> String { String(cString: strerror(errno)) }

extension Data {
    /// Loads an integer at `offset` from the start, or nil where it would reach past the end.
    func littleEndian<Value: FixedWidthInteger>(_ type: Value.Type, at offset: Int) -> Value? {
        guard offset >= 0, offset <= count - MemoryLayout<Value>.size else { return nil }
        return withUnsafeBytes { Value(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: type)) }
    }

    /// Copies the bytes of a range of offsets from the start; the range must lie inside.
    func array(_ range: Range<Int>) -> [UInt8] { withUnsafeBytes { [UInt8]($0[range]) } }
}
