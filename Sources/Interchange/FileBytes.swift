internal import CMemory
import Foundation

/// The bytes of a file: mapped, so that only what is read takes memory, or held in memory.
///
/// A mapped file that another process cuts off while it is read does not end this one: what is missing reads as zeros and `isDamaged`
/// turns true, so whoever reads asks for it afterwards (`CMemory` does it, by a handler of SIGBUS that minds these mappings only).
final class FileBytes: @unchecked Sendable {
    // Unchecked: the bytes never change after init, and a watch may be asked by any thread.

    let bytes: UnsafeRawBufferPointer
    /// The open file that is mapped and the number of the watch over it; nil where the bytes are in memory.
    private let mapped: (file: Int32, watch: Int32)?

    /// Holds a copy of `data`.
    init(_ data: Data) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, data.count), alignment: 64)
        data.copyBytes(to: copy)
        bytes = UnsafeRawBufferPointer(rebasing: copy[..<data.count])
        mapped = nil
    }

    private init(_ mapping: UnsafeRawBufferPointer, _ file: Int32, _ watch: Int32) {
        bytes = mapping
        mapped = (file, watch)
    }

    deinit {
        if let mapped {
            braid_mapping_unwatch(mapped.watch)
            munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
            close(mapped.file)
        } else {
            bytes.deallocate()
        }
    }

    /// Maps the regular file at `path`; reads it where the system cannot map it.
    static func map(_ path: String) throws(InterchangeError) -> FileBytes {
        _ = try InputFile.size(path)
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw InterchangeError(path, "the file cannot be read (\(lastSystemError()))", repair: "check its permissions")
        }
        var status = stat()
        if fstat(file, &status) == 0, let count = Int(exactly: status.st_size), count > 0,
            let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, file, 0), start != MAP_FAILED
        {
            let watch = braid_mapping_watch(start, count)
            if watch >= 0 { return FileBytes(UnsafeRawBufferPointer(start: start, count: count), file, watch) }
            munmap(start, count)
        }
        close(file)
        return FileBytes(try InputFile.read(path))
    }

    /// Whether the file was cut off, so that something that was read may not be what it held.
    var isDamaged: Bool {
        guard let mapped else { return false }
        // The rest of a page that the file ends in reads as zeros with no signal.
        var status = stat()
        return braid_mapping_is_damaged(mapped.watch) != 0 || fstat(mapped.file, &status) != 0 || Int(status.st_size) < bytes.count
    }

    /// Lets the system begin to read a range, which may reach past the end, from the disk.
    func announce(_ range: Range<Int>) {
        guard mapped != nil, let base = bytes.baseAddress else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let (first, end) = (range.lowerBound / page * page, min(bytes.count, range.upperBound))
        if first < end { madvise(UnsafeMutableRawPointer(mutating: base + first), end - first, Int32(MADV_WILLNEED)) }
    }

    /// Gives the memory of a range back to the system; it is read again from the file when it is needed again.
    func release(_ range: Range<Int>) {
        guard mapped != nil, let base = bytes.baseAddress, !range.isEmpty else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let first = range.lowerBound / page * page
        madvise(UnsafeMutableRawPointer(mutating: base + first), range.upperBound - first, Int32(MADV_DONTNEED))
    }

    /// Copies a range, which must lie inside.
    func array(_ range: Range<Int>) -> [UInt8] { [UInt8](bytes[range]) }
}
