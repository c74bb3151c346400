/// Who computes the parts of a tensor. What a part is follows from the tensor alone, and each is computed alike whoever does it.
public struct ReferenceWorkers: Sendable {
    /// Calls the closure with every number below a count, in any order and at the same time, and returns when all is done.
    let run: @Sendable (_ count: Int, _ part: (Int) -> Void) -> Void

    public init(_ run: @escaping @Sendable (_ count: Int, _ part: (Int) -> Void) -> Void) { self.run = run }

    /// One after the other.
    public static let serial = ReferenceWorkers { count, part in
        for number in 0..<count { part(number) }
    }

    /// Fills an array in pieces of about this many elements.
    func fill(_ count: Int, pieces size: Int, _ fill: (Range<Int>, UnsafeMutablePointer<Double>) -> Void) -> [Double] {
        [Double](unsafeUninitializedCapacity: count) { buffer, initialized in
            if let start = buffer.baseAddress, count > 0 {
                let result = UnsafeParts(start)
                run((count + size - 1) / size) { part in
                    let range = part * size..<min(count, (part + 1) * size)
                    fill(range, result.start + range.lowerBound)
                }
            }
            initialized = count
        }
    }
}

/// Memory whose parts are written by different threads, each by one.
struct UnsafeParts: @unchecked Sendable {
    // Unchecked: whoever makes one sees to it that no two threads write the same element.
    let start: UnsafeMutablePointer<Double>

    init(_ start: UnsafeMutablePointer<Double>) { self.start = start }
}
