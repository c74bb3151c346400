import Graph

/// The contents of a kernel's buffer.
public enum KernelArray: Hashable, Sendable {
    case f32([Float])
    case i32([Int32])

    public var count: Int {
        switch self {
        case .f32(let values): values.count
        case .i32(let values): values.count
        }
    }

    public var element: ElementType {
        switch self {
        case .f32: .f32
        case .i32: .i32
        }
    }

    /// The elements as numbers.
    public var numbers: [Double] {
        switch self {
        case .f32(let values): values.map(Double.init)
        case .i32(let values): values.map(Double.init)
        }
    }

    /// The elements' bits.
    var words: [UInt32] {
        switch self {
        case .f32(let values): values.map(\.bitPattern)
        case .i32(let values): values.map { UInt32(bitPattern: $0) }
        }
    }

    init(_ element: ElementType, words: some Sequence<UInt32>) {
        switch element {
        case .f32: self = .f32(words.map(Float.init(bitPattern:)))
        case .i32: self = .i32(words.map { Int32(bitPattern: $0) })
        }
    }
}
