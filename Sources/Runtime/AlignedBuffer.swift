import Foundation

/// Zeroed memory straight from the system, aligned to at least 64 bytes; large ones lie on huge pages where the system gives them.
///
/// A reference type because kernels and several tensors point into it; it is unmapped with the last reference.
public final class AlignedBuffer: @unchecked Sendable {
    // Unchecked: who writes where is decided by the executable that owns the buffer.

    public let byteCount: Int
    public let start: UnsafeMutableRawPointer
    private let mapping: UnsafeMutableRawBufferPointer

    private static let hugePage = 2 << 20

    /// - Throws: `RuntimeError.outOfMemory`.
    public init(byteCount: Int) throws(RuntimeError) {
        precondition(byteCount >= 0, "a size is not negative")
        self.byteCount = byteCount
        let isLarge = byteCount >= Self.hugePage
        let (length, isTooLong) = max(byteCount, 64).addingReportingOverflow(isLarge ? Self.hugePage : 0)
        guard !isTooLong, let pages = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | Self.anonymous, -1, 0), pages != MAP_FAILED
        else { throw .outOfMemory(bytes: byteCount) }
        mapping = UnsafeMutableRawBufferPointer(start: pages, count: length)
        start = isLarge ? pages.alignedUp(toMultipleOf: Self.hugePage) : pages
        #if os(Linux)
            if isLarge { madvise(start, byteCount, Int32(MADV_HUGEPAGE)) }
        #endif
    }

    deinit { munmap(mapping.baseAddress, mapping.count) }

    #if os(Linux)
        private static let anonymous = Int32(MAP_ANONYMOUS)
    #else
        private static let anonymous = MAP_ANON
    #endif

    /// Gives the memory from a byte offset on back to the system; it is zeros when it is next touched.
    func release(from offset: Int) {
        let first = (start + offset).alignedUp(toMultipleOf: Int(sysconf(Int32(_SC_PAGESIZE))))
        if first < start + byteCount { madvise(first, start + byteCount - first, Int32(MADV_DONTNEED)) }
    }

    /// The elements at a byte offset.
    public func elements<Element: BitwiseCopyable>(
        _ type: Element.Type, at offset: Int, count: Int
    ) -> UnsafeMutableBufferPointer<Element> {
        let stride = MemoryLayout<Element>.stride
        precondition(
            offset >= 0 && count >= 0 && offset % MemoryLayout<Element>.alignment == 0 && offset <= byteCount
                && count <= (byteCount - offset) / stride, "\(count) elements at \(offset) lie outside a buffer of \(byteCount) bytes")
        return UnsafeMutableBufferPointer(start: (start + offset).bindMemory(to: type, capacity: count), count: count)
    }
}
