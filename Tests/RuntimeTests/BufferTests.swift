import Graph
import Testing

@testable import Runtime

/// Memory and its layouts.
@Suite struct BufferTests {
    @Test(arguments: [0, 1, 64, 5000, (2 << 20) - 1, 2 << 20, 5_000_001]) func memoryIsAlignedAndZero(bytes: Int) throws {
        let buffer = try AlignedBuffer(byteCount: bytes)
        #expect(UInt(bitPattern: buffer.start) % 64 == 0)
        let elements = buffer.elements(UInt8.self, at: 0, count: bytes)
        #expect(elements.allSatisfy { $0 == 0 })
        if let last = elements.indices.last { elements[last] = 1 }
    }

    @Test func tooMuchMemoryIsAnError() {
        #expect(throws: RuntimeError.outOfMemory(bytes: 1 << 60)) { try AlignedBuffer(byteCount: 1 << 60) }
        #expect(throws: RuntimeError.outOfMemory(bytes: .max)) { try AlignedBuffer(byteCount: .max) }
    }

    @Test func accessOutsideABufferTraps() async {
        for (offset, count) in [(0, 17), (4, 16), (64, 1), (-4, 1), (2, 1), (0, Int.max)] {
            await #expect(processExitsWith: .failure) { [offset = offset as Int, count = count as Int] in
                _ = try AlignedBuffer(byteCount: 64).elements(Float.self, at: offset, count: count)
            }
        }
    }

    struct Stored: CustomStringConvertible {
        var layout: Layout
        var extents: [Int]
        var description: String { "\(layout) of \(extents)" }
    }

    static let layouts: [Stored] = [
        Stored(layout: .plain, extents: [2, 3, 4]), Stored(layout: .plain, extents: []), Stored(layout: .plain, extents: [0, 3]),
        Stored(layout: .channels(rank: 4, lanes: 16), extents: [2, 20, 3, 5]), Stored(layout: .channels(rank: 1, lanes: 8), extents: [13]),
        Stored(layout: Layout([.init(axis: 1, size: 4), .init(axis: 0, size: 8)]), extents: [9, 6, 3, 3]),
        Stored(layout: Layout([.init(axis: 0, size: 4), .init(axis: 0, size: 2)]), extents: [19, 2]),
    ]

    @Test(arguments: layouts) func copiesFollowTheLayout(stored: Stored) {
        let copy = LayoutCopy(stored.layout, stored.extents)
        let values = (0..<stored.extents.reduce(1, *)).map { Float($0 + 1) }
        var memory = [Float](repeating: -1, count: stored.layout.storedCount(stored.extents))
        memory.withUnsafeMutableBufferPointer { memory in
            values.withUnsafeBufferPointer { copy.scatter($0, to: memory) }
            #expect(copy.gather(memory) == values)
        }
        for (number, value) in values.enumerated() {
            var rest = number
            let position = stored.extents.reversed().map { extent in
                defer { rest /= extent }
                return rest % extent
            }
            #expect(memory[stored.layout.offset(of: position.reversed(), in: stored.extents)] == value)
        }
        #expect(memory.count { $0 == -1 } == memory.count - values.count)
    }
}
