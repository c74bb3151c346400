import Graph

/// All buffers of a run as bytes, with what each task touched.
final class KernelMemory {
    /// One buffer: where it begins among the bytes, and where its elements are counted from among those of all buffers.
    struct Place {
        var start: UnsafeMutableRawPointer
        var first: Int
        var count: Int
        var element: StoredElement
        /// Whether it is noted which task touches which element: of parameters that are written.
        var isTracked: Bool
    }

    let places: [Place]
    /// For each element of a tracked buffer: the task that read or wrote it (plus one; zero for none, `many` for several readers).
    let readers: UnsafeMutablePointer<Int32>
    let writers: UnsafeMutablePointer<Int32>
    static let many = Int32.max

    private let bytes: UnsafeMutableRawPointer
    private let scratch: [UnsafeMutableRawBufferPointer]

    init(_ kernel: Kernel, parameters: [KernelArray]) {
        let buffers = kernel.parameters + kernel.scratch
        bytes = .allocate(byteCount: max(buffers.reduce(0) { $0 + $1.alignedBytes }, 1), alignment: 64)
        var places: [Place] = []
        var (start, first) = (bytes, 0)
        for (index, buffer) in buffers.enumerated() {
            let isTracked = index < kernel.parameters.count && buffer.access != .read
            places.append(Place(start: start, first: first, count: buffer.count, element: buffer.element, isTracked: isTracked))
            start += buffer.alignedBytes
            first += buffer.count
        }
        self.places = places
        readers = .allocate(capacity: max(first, 1))
        writers = .allocate(capacity: max(first, 1))
        readers.initialize(repeating: 0, count: first)
        writers.initialize(repeating: 0, count: first)
        for (place, contents) in zip(places, parameters) {
            contents.withUnsafeBytes { if let from = $0.baseAddress { place.start.copyMemory(from: from, byteCount: $0.count) } }
        }
        scratch = zip(places, buffers).dropFirst(kernel.parameters.count).map {
            UnsafeMutableRawBufferPointer(start: $0.start, count: $1.bytes)
        }
    }

    deinit {
        bytes.deallocate()
        readers.deallocate()
        writers.deallocate()
    }

    func contents(_ buffer: Int) -> UnsafeMutableRawBufferPointer {
        let place = places[buffer]
        return UnsafeMutableRawBufferPointer(start: place.start, count: place.count * place.element.size)
    }

    /// Fills scratch with bytes that are a NaN as elements of floating point.
    func spoilScratch() { for part in scratch { part.initializeMemory(as: UInt8.self, repeating: 0xff) } }
}
