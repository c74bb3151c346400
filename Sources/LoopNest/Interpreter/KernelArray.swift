import Graph

/// The contents of a kernel's buffer.
public enum KernelArray: Hashable, Sendable {
    case f32([Float])
    case i32([Int32])
    case bf16([BFloat16])

    public var count: Int {
        switch self {
        case .f32(let values): values.count
        case .i32(let values): values.count
        case .bf16(let values): values.count
        }
    }

    public var element: StoredElement {
        switch self {
        case .f32: .f32
        case .i32: .i32
        case .bf16: .bf16
        }
    }

    /// The elements as numbers.
    public var numbers: [Double] {
        switch self {
        case .f32(let values): values.map(Double.init)
        case .i32(let values): values.map(Double.init)
        case .bf16(let values): values.map { Double($0.float) }
        }
    }

    /// Numbers as a kernel would store them.
    public init(_ element: StoredElement, numbers: [Double]) {
        switch element {
        case .f32: self = .f32(numbers.map { Float($0) })
        case .i32: self = .i32(numbers.map { Int32(rounding: Float($0)) })
        case .bf16: self = .bf16(numbers.map { BFloat16(Float($0)) })
        default: preconditionFailure("kernels hold no \(element)")
        }
    }

    /// Calls `body` with the elements as they lie in memory.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        switch self {
        case .f32(let values): values.withUnsafeBytes(body)
        case .i32(let values): values.withUnsafeBytes(body)
        case .bf16(let values): values.withUnsafeBytes(body)
        }
    }

    /// The elements that lie in `bytes`, which are aligned for them.
    public init(_ element: StoredElement, bytes: UnsafeRawBufferPointer) {
        switch element {
        case .f32: self = .f32(Array(bytes.bindMemory(to: Float.self)))
        case .i32: self = .i32(Array(bytes.bindMemory(to: Int32.self)))
        case .bf16: self = .bf16(Array(bytes.bindMemory(to: BFloat16.self)))
        default: preconditionFailure("kernels hold no \(element)")
        }
    }
}

extension Int32 {
    /// `value` rounded towards zero, the nearest bound if it lies outside, zero for NaN.
    init(rounding value: Float) {
        if value.isNaN {
            self = 0
        } else {
            self = Int32(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
        }
    }
}
